namespace SyncFlow.Core.Sources;

/// <summary>What happened to a row of a source's table.</summary>
public enum RowChange
{
    /// <summary>It was added.</summary>
    Added,

    /// <summary>It was changed.</summary>
    Changed,

    /// <summary>It was deleted.</summary>
    Deleted,
}

/// <summary>A change in a source's database, read from its log.</summary>
/// <param name="Commit">Where in the log its transaction was committed: later commits have higher numbers.</param>
/// <param name="Number">Its place among the changes of its transaction, from 1.</param>
/// <param name="CommittedAt">When the transaction was committed, by the database's clock.</param>
/// <param name="Row">Values by column: the new ones; of a deleted row what the log tells of it.</param>
/// <param name="Before">Values before the change, as far as the log tells them; null where it does not.</param>
public sealed record CapturedChange(
    ulong Commit, int Number, DateTimeOffset CommittedAt, RowChange Kind, IReadOnlyDictionary<string, string?> Row,
    IReadOnlyDictionary<string, string?>? Before)
{
    /// <summary>Names the change for ever.</summary>
    public string Position => FormattableString.Invariant($"{Commit:X}-{Number}");
}
