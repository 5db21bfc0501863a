using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Tests.Compliance;

/// <summary>The store of the simulation.</summary>
internal sealed class MemoryStoreUnderTest(MemoryStore store) : StoreUnderTest
{
    public override Task<Batch> BeginAsync(Refs refs) => Task.FromResult<Batch>(new MemoryBatch(store, store.Load(refs)));

    public override async Task<(Batch Batch, RequestId Request)> BeginRequestAsync(
        IReadOnlyCollection<SkuId> skus, string reference, RequestId? known) => (await BeginRequestAsync(skus, known!.Value), known.Value);

    public override Task<Batch> BeginRequestAsync(IReadOnlyCollection<SkuId> skus, RequestId request) =>
        Task.FromResult<Batch>(new MemoryBatch(store, store.LoadSkus(skus)));

    public override Task<IReadOnlyList<(SkuId Sku, RequestLine Line)>> RequestsAsync() => Task.FromResult(store.Requests);

    public override Task<IReadOnlyList<StockCount>> CountsAsync() => Task.FromResult<IReadOnlyList<StockCount>>([.. store.Counts]);

    public override Task<SkuState> SkuAsync(SkuId sku) => Task.FromResult(store.Sku(sku));

    public override Task<OrderState?> OrderAsync(ConnectionId connection, string orderRef) => Task.FromResult(store.FindOrder(connection, orderRef));

    public override Task<IReadOnlyList<LedgerEntry>> EntriesAsync() => Task.FromResult<IReadOnlyList<LedgerEntry>>(store.Entries);

    public override Task<IReadOnlyList<LevelFigures>> HistoryAsync() => Task.FromResult<IReadOnlyList<LevelFigures>>(
        store.History.ConvertAll(m => new LevelFigures(
            m.Level.Id, m.At, m.Cause, (short)m.Level.Status, (short)m.Mode, m.Level.Belief, m.Level.Target, m.Level.Observed?.Available,
            m.Level.Suspense, m.Level.Surplus, m.Level.UnverifiedUnits, m.Level.InFlight?.From, m.Level.InFlight?.To, m.Level.SoldTotal,
            m.Level.PutBackTotal, m.Level.PushedTotal, m.Level.Shelf is { Since: not null } shelf ? shelf.Parked : null, m.Level.Shelf?.Owed, m.Level.LagReserve,
            m.Level.Filled)));

    public override Task<IReadOnlyList<PoolOpening>> OpeningsAsync() => Task.FromResult<IReadOnlyList<PoolOpening>>(store.Openings);

    public override Task<bool> ReceiveAsync(ConnectionId connection, string webhookId, DateTimeOffset at) =>
        Task.FromResult(store.Receive(connection, webhookId, DateOnly.FromDateTime(at.UtcDateTime)));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class MemoryBatch(MemoryStore store, WorkingSet set) : Batch(set)
    {
        public override Task CommitAsync(string cause, DateTimeOffset at)
        {
            store.Save(Set, cause, at);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
