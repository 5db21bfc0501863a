using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Tests.Core.Counts;

/// <summary>
/// One SKU at a few locations and one channel without levels, folded by the production rules. What storage loads for
/// counts is answered from a plain list of ledger entries, in the plainest way.
/// </summary>
internal sealed class CountDesk
{
    public static readonly SkuId Sku = new(1);
    public static readonly LocationId Main = new(1);
    public static readonly LocationId Side = new(2);
    public static readonly ConnectionId Channel = new(1);

    private static readonly EngineContext Context = new(
        new TenantId(1),
        ImmutableDictionary.CreateRange([KeyValuePair.Create(Channel, new ChannelSettings(
            Channel, ConnectionStatus.Live, ImmutableDictionary.CreateRange([KeyValuePair.Create("x1", Main)]), Main, 1, 1,
            ClaimingSources.Shopify, false, true, false, 10))]),
        ImmutableDictionary.CreateRange([Place(Main), Place(Side)]));

    private readonly Dictionary<string, StockCount> _counts = [];
    private readonly Dictionary<string, OrderState> _orders = [];
    private readonly HashSet<string> _movements = [];

    public SkuState State { get; private set; } = new() { Sku = Sku, Policy = SkuPolicy.Default };

    public List<LedgerEntry> Ledger { get; } = [];

    public IEnumerable<StockCount> Counts => _counts.Values;

    public Buckets At(LocationId location) => State.PoolAt(location).Buckets;

    public StockCount Count(string key) => _counts[key];

    /// <summary>Applies facts as one batch; returns the last one's outcome.</summary>
    public FactOutcome Apply(params IReadOnlyList<Fact> facts)
    {
        var set = Load(FactRefs.Of(facts));
        var outcome = FactOutcome.Ignored;
        foreach (var fact in facts)
        {
            outcome = FactEngine.Apply(set, fact, fact.OccurredAt);
        }

        Save(set);
        return outcome;
    }

    /// <summary>On-hand by the ledger just before a moment, in order of occurrence.</summary>
    public int OnHandBefore(LocationId location, DateTimeOffset moment) =>
        OnHand(location).Where(e => e.OccurredAt < moment).Sum(e => e.Delta);

    private WorkingSet Load(Refs refs)
    {
        var set = new WorkingSet(Context);
        set.Load(State);
        set.Load(new ListingInfo(new ListingId(1), Channel, "v1", "i1", Sku, 1));
        foreach (var order in _orders.Values)
        {
            set.Load(order);
        }

        foreach (var key in _movements)
        {
            set.LoadSeenMovement(key);
        }

        var named = _counts.Values.Where(c => refs.Operations.Counts.Any(r => r.Key == c.Key)).ToList();
        var since = named.Select(c => c.AsOf).Append(refs.Operations.Since ?? DateTimeOffset.MaxValue).Min();
        foreach (var count in _counts.Values.Where(c => c.AsOf >= since).Union(named))
        {
            set.Counts.Load(count);
        }

        foreach (var wanted in refs.Operations.Counts)
        {
            var before = OnHand(wanted.Location).Where(e => e.OccurredAt < wanted.AsOf
                || (e.OccurredAt == wanted.AsOf && e.Reason == EntryReason.CountVariance && string.CompareOrdinal(e.FactKey, wanted.Key) < 0));
            var opened = OnHand(wanted.Location).Where(e => e.Reason == EntryReason.Opening).Max(e => (DateTimeOffset?)e.OccurredAt);
            set.Counts.Load(wanted, new OnHandBefore(before.Sum(e => e.Delta), opened));
        }

        foreach (var (sku, location) in refs.Operations.Releases)
        {
            foreach (var entry in Ledger.Where(e => e.Bucket == Bucket.Unavailable && e.Location == location))
            {
                var key = (sku, location, UnavailableStock.ConditionOf(entry.Reason));
                set.Unavailable[key] = set.Unavailable.GetValueOrDefault(key) + entry.Delta;
            }
        }

        return set;
    }

    private void Save(WorkingSet set)
    {
        State = set.FindSku(Sku)!;
        Ledger.AddRange(set.Entries);
        _movements.UnionWith(set.NewMovements);
        foreach (var count in set.Counts.Changed)
        {
            _counts[count.Key] = count;
        }

        foreach (var order in set.ChangedOrders)
        {
            _orders[order.OrderRef] = order;
        }
    }

    private IEnumerable<LedgerEntry> OnHand(LocationId location) =>
        Ledger.Where(e => e.Bucket == Bucket.OnHand && e.Location == location);

    private static KeyValuePair<LocationId, LocationSettings> Place(LocationId id) => KeyValuePair.Create(id, new LocationSettings(id, true, 1));
}
