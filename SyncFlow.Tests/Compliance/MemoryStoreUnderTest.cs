using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Tests.Compliance;

/// <summary>The store of the simulation, with a plain model of what it does not keep: counts, conditions, what kits tie.</summary>
internal sealed class MemoryStoreUnderTest(MemoryStore store) : StoreUnderTest
{
    private readonly Dictionary<string, StockCount> _counts = new(StringComparer.Ordinal);

    /// <summary>The orders that requests belong to, known to all their lines as soon as one was taken over.</summary>
    private readonly Dictionary<RequestId, (ConnectionId? Connection, string OrderRef)> _orders = [];

    public override Task<Batch> BeginAsync(Refs refs)
    {
        var set = Whole(store.Load(refs), skus => store.Load(refs with { Skus = [.. refs.Skus.Union(skus)] }));
        LoadCounts(set, refs.Operations);
        foreach (var (sku, location) in refs.Operations.Releases)
        {
            foreach (var condition in store.Entries.Where(e => e.Bucket == Bucket.Unavailable && e.Sku == sku && e.Location == location)
                .GroupBy(e => UnavailableStock.ConditionOf(e.Reason)))
            {
                set.Unavailable[(sku, location, condition.Key)] = condition.Sum(e => e.Delta);
            }
        }

        return Task.FromResult<Batch>(new MemoryBatch(this, store, set));
    }

    public override async Task<(Batch Batch, RequestId Request)> BeginRequestAsync(
        IReadOnlyCollection<SkuId> skus, string reference, RequestId? known) => (await BeginRequestAsync(skus, known!.Value), known.Value);

    public override Task<Batch> BeginRequestAsync(IReadOnlyCollection<SkuId> skus, RequestId request) =>
        Task.FromResult<Batch>(new MemoryBatch(this, store, Whole(store.LoadSkus(skus), store.LoadSkus)));

    public override Task<IReadOnlyList<(SkuId Sku, RequestLine Line)>> RequestsAsync() => Task.FromResult<IReadOnlyList<(SkuId, RequestLine)>>(
        [.. store.Skus.SelectMany(s => s.Requests.Select(r => (s.Sku, Line: r))).OrderBy(r => r.Line.Request.Value).ThenBy(r => r.Line.Number)]);

    public override Task<IReadOnlyList<StockCount>> CountsAsync() =>
        Task.FromResult<IReadOnlyList<StockCount>>([.. _counts.Values.OrderBy(c => c.Key, StringComparer.Ordinal)]);

    /// <summary>Loads again with all that kits tie to what was loaded, until nothing is missing.</summary>
    private WorkingSet Whole(WorkingSet set, Func<IEnumerable<SkuId>, WorkingSet> load)
    {
        var kits = store.Skus.Where(s => s.IsKit).Select(k => k.Components.Select(c => c.Sku).Append(k.Sku).ToList()).ToList();
        while (true)
        {
            var tied = kits.Where(k => k.Exists(sku => set.FindSku(sku) is not null)).SelectMany(k => k).Distinct().ToList();
            if (tied.TrueForAll(sku => set.FindSku(sku) is not null))
            {
                foreach (var sku in set.Skus.Where(s => s.Requests.Length > 0).ToList())
                {
                    set.Load(sku with { Requests = [.. sku.Requests.Select(Linked)] });
                }

                return set;
            }

            set = load(set.Skus.Select(s => s.Sku).Union(tied));
        }
    }

    private RequestLine Linked(RequestLine line) =>
        _orders.TryGetValue(line.Request, out var order) ? line with { Connection = order.Connection, OrderRef = order.OrderRef } : line;

    /// <summary>All counts of the pools, and what the ledger had before those that are to be booked.</summary>
    private void LoadCounts(WorkingSet set, OperationRefs refs)
    {
        foreach (var count in _counts.Values.Where(c => !c.Withdrawn && set.FindSku(c.Sku) is not null)
            .Concat(refs.Counts.Select(c => _counts.GetValueOrDefault(c.Key)).OfType<StockCount>()))
        {
            set.Counts.Load(count);
        }

        foreach (var wanted in refs.Counts)
        {
            var pool = store.Entries.Where(e => e.Sku == wanted.Sku && e.Location == wanted.Location).ToList();
            var before = pool.Where(e => e.Bucket == Bucket.OnHand && (e.OccurredAt < wanted.AsOf
                || (e.OccurredAt == wanted.AsOf && e.Reason == EntryReason.CountVariance && string.CompareOrdinal(e.FactKey, wanted.Key) < 0)));
            set.Counts.Load(wanted, new OnHandBefore(
                before.Sum(e => e.Delta), pool.Where(e => e.Reason == EntryReason.Opening).Max(e => (DateTimeOffset?)e.OccurredAt)));
        }
    }

    public override Task<SkuState> SkuAsync(SkuId sku) => Task.FromResult(store.Sku(sku));

    public override Task<OrderState?> OrderAsync(ConnectionId connection, string orderRef) => Task.FromResult(store.FindOrder(connection, orderRef));

    public override Task<IReadOnlyList<LedgerEntry>> EntriesAsync() => Task.FromResult<IReadOnlyList<LedgerEntry>>(store.Entries);

    public override Task<IReadOnlyList<LevelFigures>> HistoryAsync() => Task.FromResult<IReadOnlyList<LevelFigures>>(
        store.History.ConvertAll(m => new LevelFigures(
            m.Level.Id, m.At, m.Cause, (short)m.Level.Status, (short)m.Mode, m.Level.Belief, m.Level.Target, m.Level.Observed?.Available,
            m.Level.Suspense, m.Level.Surplus, m.Level.UnverifiedUnits, m.Level.InFlight?.From, m.Level.InFlight?.To, m.Level.SoldTotal,
            m.Level.PutBackTotal, m.Level.PushedTotal, m.Level.Shelf is { Since: not null } shelf ? shelf.Parked : null, m.Level.Shelf?.Owed, m.Level.LagReserve)));

    public override Task<IReadOnlyList<PoolOpening>> OpeningsAsync() => Task.FromResult<IReadOnlyList<PoolOpening>>(store.Openings);

    public override Task<bool> ReceiveAsync(ConnectionId connection, string webhookId, DateTimeOffset at) =>
        Task.FromResult(store.Receive(connection, webhookId, DateOnly.FromDateTime(at.UtcDateTime)));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class MemoryBatch(MemoryStoreUnderTest owner, MemoryStore store, WorkingSet set) : Batch(set)
    {
        public override Task CommitAsync(string cause, DateTimeOffset at)
        {
            store.Save(Set, cause, at);
            foreach (var count in Set.Counts.Changed)
            {
                owner._counts[count.Key] = count;
            }

            foreach (var line in Set.ChangedSkus.SelectMany(s => s.Requests).Where(r => r.OrderRef is not null))
            {
                owner._orders.TryAdd(line.Request, (line.Connection, line.OrderRef!));
            }

            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
