namespace SyncFlow.Storage.Availability;

/// <summary>A transaction that changed settings available-to-sell is made of.</summary>
/// <param name="SkuId">The SKU it is about; 0 for all of the tenant.</param>
public readonly record struct SettingChange(ulong Transaction, long SkuId);

/// <summary>A SKU's state under its lock: two that are equal are the same state.</summary>
public readonly record struct SkuStamp(long SkuId, long Version, DateTimeOffset At);

/// <summary>Where the database stood when something was read of it.</summary>
/// <param name="Era">
/// The server's start and the tables' numbers: another after a restore, a fail-over or any restart, so what was kept
/// before is asked for no more.
/// </param>
/// <param name="At">The database's clock.</param>
/// <param name="Changes">The newest changes of the tenant's settings, newest first.</param>
public sealed record DatabaseMark(string Era, SnapshotMark Snapshot, DateTimeOffset At, IReadOnlyList<SettingChange> Changes)
{
    /// <summary>How many changes are read: what was computed before the oldest of as many is computed anew.</summary>
    public const int MostChanges = 200;

    /// <summary>
    /// Whether no settings of these SKUs were changed by a transaction that an earlier snapshot did not see. What is
    /// not known is no.
    /// </summary>
    public bool IsUnchangedSince(SnapshotMark earlier, IReadOnlyCollection<long> skus)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        ArgumentNullException.ThrowIfNull(skus);
        if (Changes.Count == MostChanges && Changes[^1].Transaction >= earlier.Begin)
        {
            return false;
        }

        foreach (var change in Changes)
        {
            if (change.Transaction < earlier.Begin)
            {
                return true; // So are all that follow.
            }

            if (!earlier.Sees(change.Transaction) && (change.SkuId == 0 || skus.Contains(change.SkuId)))
            {
                return false;
            }
        }

        return true;
    }
}
