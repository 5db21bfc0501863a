using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Engine;

/// <summary>Folds facts over a working set. The same fold runs in production and in the simulation.</summary>
public static class FactEngine
{
    /// <summary>Delay before a channel's catalog is read again, so that a burst of changes is one read.</summary>
    public static readonly TimeSpan RefreshDelay = TimeSpan.FromSeconds(10);

    /// <summary>Applies one fact. <paramref name="now"/> is our clock.</summary>
    public static FactOutcome Apply(WorkingSet set, Fact fact, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        if (CountsOntoKit(set, fact))
        {
            return FactOutcome.Refused;
        }

        return fact switch
        {
            OrderFact order => OrderRules.Apply(set, order, now),
            OrderTouched touched => OrderRules.Touched(set, touched, now),
            LevelAnnounced announced => Announcements.Apply(set, announced, now),
            LevelRead read => Readings.Apply(set, read, now),
            LevelReleased released => LevelReleases.Apply(set, released),
            ItemRead item => ItemRules.Apply(set, item, now),
            StockMovement movement => Move(set, movement),
            StockOperation operation => OperationRules.Apply(set, operation),
            CountTaken count => CountRules.Apply(set, count),
            CountWithdrawn withdrawn => CountRules.Apply(set, withdrawn),
            SourceFact source => SourceRules.Apply(set, source),
            ChannelChanged changed => ChannelChanges.Apply(set, changed, now),
            _ => throw new ArgumentException($"No rule for {fact?.GetType().Name ?? "null"}.", nameof(fact)),
        };
    }

    internal static FactOutcome Ask(WorkingSet set, ConnectionId connection, WorkKind kind, string reference, DateTimeOffset due)
    {
        set.Work.Add(new WorkItem(connection, kind, reference, due));
        return FactOutcome.Applied;
    }

    /// <summary>A kit holds nothing of its own: units are counted on its parts.</summary>
    private static bool CountsOntoKit(WorkingSet set, Fact fact)
    {
        SkuId? sku = fact switch
        {
            StockMovement movement => movement.Sku,
            StockOperation operation => operation.Sku,
            CountTaken count => count.Sku,
            _ => null,
        };
        return sku is { } id && set.FindSku(id) is { IsKit: true };
    }

    private static FactOutcome Move(WorkingSet set, StockMovement movement)
    {
        if (set.FindSku(movement.Sku) is not { } sku)
        {
            return FactOutcome.Unmapped;
        }

        if (movement is { Bucket: Bucket.OnHand, Reason: EntryReason.Adjustment }
            && AuthorityRefusals.IsRefused(set, sku, movement.Location, movement.Delta, movement.From, movement.OccurredAt))
        {
            return FactOutcome.NotTheAuthority;
        }

        if (!set.TryTakeMovement(movement.Key))
        {
            return FactOutcome.Unchanged;
        }

        sku = set.Append(sku, new LedgerEntry(
            movement.Sku, movement.Location, movement.Bucket, movement.Delta, movement.Reason, movement.Key, null,
            movement.From, movement.InboxEvent, movement.OccurredAt));

        // Whoever counts units in, opens the pool: from now on the ledger knows what is there.
        set.Put(sku.With(sku.PoolAt(movement.Location) with { Opened = true }));
        set.NoteCause(movement.Sku, movement.OccurredAt);
        return FactOutcome.Applied;
    }
}
