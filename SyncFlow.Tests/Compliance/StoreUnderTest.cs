using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;

namespace SyncFlow.Tests.Compliance;

/// <summary>A store of stock as the tests see it, and one tenant in it: two live channels at one location, some SKUs on both.</summary>
internal abstract class StoreUnderTest : IAsyncDisposable
{
    public required IReadOnlyList<ConnectionId> Connections { get; init; }

    public required IReadOnlyList<SkuId> Skus { get; init; }

    public required LocationId Location { get; init; }

    /// <summary>Begins a batch: what the references touch, locked where the store can be shared.</summary>
    public abstract Task<Batch> BeginAsync(Refs refs);

    /// <summary>Begins to decide on a new request for units of some SKUs.</summary>
    /// <param name="known">The number that another store gave it; null where this one gives it.</param>
    public abstract Task<(Batch Batch, RequestId Request)> BeginRequestAsync(IReadOnlyCollection<SkuId> skus, string reference, RequestId? known);

    /// <summary>Begins to change a request: its lines that are open are loaded.</summary>
    public abstract Task<Batch> BeginRequestAsync(IReadOnlyCollection<SkuId> skus, RequestId request);

    /// <summary>All lines of all requests, by number.</summary>
    public abstract Task<IReadOnlyList<(SkuId Sku, RequestLine Line)>> RequestsAsync();

    /// <summary>Counts as booked, by key.</summary>
    public abstract Task<IReadOnlyList<StockCount>> CountsAsync();

    /// <summary>A SKU as it stands.</summary>
    public abstract Task<SkuState> SkuAsync(SkuId sku);

    /// <summary>An order as last applied; null when nobody heard of it.</summary>
    public abstract Task<OrderState?> OrderAsync(ConnectionId connection, string orderRef);

    /// <summary>The ledger, oldest first.</summary>
    public abstract Task<IReadOnlyList<LedgerEntry>> EntriesAsync();

    /// <summary>How levels stood after each batch, oldest first.</summary>
    public abstract Task<IReadOnlyList<LevelFigures>> HistoryAsync();

    /// <summary>Pools that were opened, oldest first.</summary>
    public abstract Task<IReadOnlyList<PoolOpening>> OpeningsAsync();

    /// <summary>Stores an event; false when it was there already.</summary>
    public abstract Task<bool> ReceiveAsync(ConnectionId connection, string webhookId, DateTimeOffset at);

    public abstract ValueTask DisposeAsync();

    /// <summary>A batch that is open; disposed without a commit it leaves nothing behind.</summary>
    public abstract class Batch(WorkingSet set) : IAsyncDisposable
    {
        public WorkingSet Set { get; } = set;

        public abstract Task CommitAsync(string cause, DateTimeOffset at);

        public abstract ValueTask DisposeAsync();
    }
}

/// <summary>The figures of a level that its history keeps.</summary>
internal sealed record LevelFigures(
    LevelId Level, DateTimeOffset At, string Cause, short Status, short Mode, int? Belief, int? Target, int? Observed, int Suspense,
    int Surplus, int Unverified, int? From, int? To, long Sold, long PutBack, long Pushed, int? Parked, int? Owed, int LagReserve,
    int Filled);
