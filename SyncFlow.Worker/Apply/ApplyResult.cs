using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>What one pass over a tenant's inbox did.</summary>
/// <param name="Claimed">Events it took.</param>
/// <param name="Failed">Events that could not be applied and wait, or died.</param>
/// <param name="Connections">Connections with levels that want a push now.</param>
public sealed record ApplyResult(int Claimed, int Failed, IReadOnlyCollection<ConnectionId> Connections)
{
    /// <summary>What its events held; 0 where they were applied one by one.</summary>
    public int Facts { get; init; }

    /// <summary>Nothing was due.</summary>
    public static ApplyResult Nothing { get; } = new(0, 0, []);
}
