using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Oversells;

/// <summary>
/// Notices shortages where they arise: in the replan of the batch whose facts made them, so that case and incident are
/// written with those facts.
/// </summary>
internal static class OversellNotices
{
    /// <summary>An order seen this long after it was placed was not visible in time.</summary>
    public static readonly TimeSpan SeenLate = TimeSpan.FromMinutes(2);

    /// <summary>Name of the SKU's incident; one is open however often the shortage changes.</summary>
    public static string IncidentKey(SkuId sku) => string.Create(CultureInfo.InvariantCulture, $"oversell:{sku.Value}");

    /// <summary>Notes what changed about a SKU's shortage.</summary>
    /// <param name="before">With the shortfall as it stood.</param>
    /// <param name="after">With the one counted now.</param>
    public static void Note(WorkingSet set, SkuState before, SkuState after, DateTimeOffset now)
    {
        if (before.Shortfall == after.Shortfall)
        {
            return;
        }

        var rise = Math.Max(0, after.Shortfall - before.Shortfall);
        var facts = rise == 0 ? [] : Facts(set, after, now);
        foreach (var (group, units) in Shortages(after, set.Context).OrderByDescending(s => s.Units).ThenBy(s => s.Group))
        {
            var part = Math.Min(rise, units);
            rise -= part;
            set.Oversells.Add(new OversellSeen(after.Sku, group, units, part, before.Mode, part == 0 ? [] : facts, now));
        }

        if (after.Shortfall == 0)
        {
            set.Cured.Add(IncidentKey(after.Sku));
        }
        else if (after.Shortfall > before.Shortfall)
        {
            var cause = facts.IsEmpty ? OversellCause.Unknown : facts.MaxBy(f => f.Units)!.Cause;
            set.Incidents.Add(new Incident(
                IncidentKey(after.Sku), "oversell",
                string.Create(CultureInfo.InvariantCulture, $"{after.Shortfall} units are promised beyond what there is: {Words(cause)}."),
                null, after.Sku, null, now));
        }
    }

    /// <summary>A cause in a few words.</summary>
    public static string Words(OversellCause cause) => cause switch
    {
        OversellCause.Unknown => "the cause is not known",
        OversellCause.UnpersistedWrite => "an acknowledged write did not happen",
        OversellCause.SharedModeRace => "channels showed the same units",
        OversellCause.InvisibleOrder => "an order became visible late",
        OversellCause.OfflineTill => "a till sold units set aside for online",
        OversellCause.SourceCorrection => "units that were reported are not there",
        OversellCause.StockLoss => "units were lost or taken out",
        OversellCause.UnclaimedOrder => "an order did not claim its units",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "Unknown cause."),
    };

    private static IEnumerable<(int Group, int Units)> Shortages(SkuState sku, EngineContext context) =>
        AvailableToSell.Groups(sku, context)
            .Select(g => (g.Key, AvailableToSell.ShortOf(g.Pools, sku.Policy)));

    /// <summary>The batch's facts that lowered what there is of a SKU, with what each took.</summary>
    internal static ImmutableArray<OversellFact> Facts(WorkingSet set, SkuState sku, DateTimeOffset now) =>
    [
        .. set.Entries.Where(e => e.Sku == sku.Sku).GroupBy(e => e.FactKey, StringComparer.Ordinal)
            .Select(g => (Taken: -g.Sum(Effect), Entry: g.MinBy(Effect)!)).Where(f => f.Taken > 0)
            .Select(f => new OversellFact(
                f.Entry.FactKey, f.Taken, CauseOf(set, sku, f.Entry, now), f.Entry.Reason, f.Entry.Connection,
                f.Entry.InboxEvent, f.Entry.OccurredAt)),
    ];

    private static int Effect(LedgerEntry entry) => entry.Bucket switch
    {
        Bucket.OnHand => entry.Delta,
        Bucket.InTransit or Bucket.Suspense => 0,
        _ => -entry.Delta,
    };

    private static OversellCause CauseOf(WorkingSet set, SkuState sku, LedgerEntry entry, DateTimeOffset now)
    {
        switch (entry.Reason)
        {
            case EntryReason.WriteOff or EntryReason.Damaged or EntryReason.Inspection or EntryReason.TransferOut
                or EntryReason.TransferVariance:
                return OversellCause.StockLoss;
            case not (EntryReason.Order or EntryReason.Fulfilment):
                return OversellCause.SourceCorrection;
        }

        var order = set.ChangedOrders.FirstOrDefault(o =>
            o.Connection == entry.Connection && entry.FactKey.EndsWith(":" + o.OrderRef, StringComparison.Ordinal));
        return OfOrder(set.Context, sku, entry, order?.Snapshot, now);
    }

    private static OversellCause OfOrder(
        EngineContext context, SkuState sku, LedgerEntry entry, OrderSnapshot? order, DateTimeOffset now)
    {
        if (sku.Levels.Any(l => l.Connection == entry.Connection && l.Location == entry.Location
            && (l.FailedVerifications > 0 || l.UnverifiedUnits > 0)))
        {
            return OversellCause.UnpersistedWrite;
        }

        if (order is not null && entry.Connection is { } connection
            && context.FindChannel(connection) is { } channel && !channel.ClaimingSources.Contains(order.SourceName))
        {
            return OversellCause.UnclaimedOrder;
        }

        if (order?.SoldAt is not null)
        {
            return OversellCause.OfflineTill;
        }

        if (sku.Mode != EffectiveMode.Guard)
        {
            return OversellCause.SharedModeRace;
        }

        return order is not null && now - order.CreatedAt > SeenLate ? OversellCause.InvisibleOrder : OversellCause.Unknown;
    }
}
