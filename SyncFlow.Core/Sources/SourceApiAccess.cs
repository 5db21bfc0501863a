namespace SyncFlow.Core.Sources;

/// <summary>How a source's API knows who asks. The numbers are stored; they never change meaning.</summary>
public enum SourceApiScheme : short
{
    /// <summary><c>Authorization: Bearer …</c>.</summary>
    Bearer = 1,

    /// <summary><c>Authorization: Basic …</c>, of a user and a password.</summary>
    Basic = 2,

    /// <summary>A header of the source's own.</summary>
    Header = 3,
}

/// <summary>Where a source's API is, and what opens it.</summary>
/// <param name="BaseUrl">The address that <c>movements</c>, <c>positions</c> and <c>pick-tasks</c> stand under.</param>
/// <param name="Account">The user of <see cref="SourceApiScheme.Basic"/>, the name of <see cref="SourceApiScheme.Header"/>.</param>
/// <param name="Secret">Secret.</param>
public sealed record SourceApiAccess(Uri BaseUrl, SourceApiScheme Scheme, string? Account, string Secret)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{BaseUrl} by {Scheme}";
}

/// <summary>What can be asked of a source's API.</summary>
public enum SourceFeed
{
    /// <summary>Movements, sales, positions and picks since a watermark.</summary>
    Movements,

    /// <summary>All positions.</summary>
    Positions,

    /// <summary>All open pick tasks.</summary>
    PickTasks,
}
