using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Storage;

namespace SyncFlow.Tests.Compliance;

/// <summary>The production store.</summary>
internal sealed class PostgresStoreUnderTest(Merchant merchant) : StoreUnderTest
{
    private static CancellationToken Ct => CancellationToken.None;

    public override async Task<Batch> BeginAsync(Refs refs)
    {
        var session = await merchant.WorkAsync();
        return new PostgresBatch(session, await StockStore.LoadAsync(session, refs, Ct));
    }

    public override async Task<(Batch Batch, RequestId Request)> BeginRequestAsync(
        IReadOnlyCollection<SkuId> skus, string reference, RequestId? known)
    {
        var session = await merchant.WorkAsync();
        var set = await SkuRows.LockAndReadAsync(session, skus, SkuKeys.None, Ct);
        var wish = new ReservationWish(reference, ReservationKind.Programme, "partner", null, MayWait: true, "test", []);
        var id = await ReservationHeaders.InsertAsync(session, wish, await ReservationHeaders.NowAsync(session, Ct), Ct);
        return (new PostgresBatch(session, set), new RequestId(id!.Value));
    }

    public override async Task<Batch> BeginRequestAsync(IReadOnlyCollection<SkuId> skus, RequestId request)
    {
        var session = await merchant.WorkAsync();
        var keys = SkuKeys.None with { Requests = new RequestKeys([request.Value], [], []) };
        return new PostgresBatch(session, await SkuRows.LockAndReadAsync(session, skus, keys, Ct));
    }

    public override async Task<IReadOnlyList<(SkuId Sku, RequestLine Line)>> RequestsAsync()
    {
        await using var session = await merchant.WorkAsync();
        return await session.QueryAsync(
            session.Of(
                """
                SELECT l.sku_id, l.reservation_id, l.line, r.reference, l.units, l.location_id, l.state, l.taken, l.held::text,
                  r.connection_id, r.order_ref, l.wish, l.kit_sku_id, l.kits, l.pool_group
                FROM reservation_lines l JOIN reservations r USING (tenant_id, reservation_id)
                WHERE l.tenant_id = $1 ORDER BY l.reservation_id, l.line
                """),
            RequestRows.Read,
            Ct);
    }

    public override async Task<IReadOnlyList<StockCount>> CountsAsync()
    {
        await using var session = await merchant.WorkAsync();
        return await session.QueryAsync(
            session.Of(
                """
                SELECT count_key, sku_id, location_id, as_of, counted, variance, withdrawn FROM stock_counts
                WHERE tenant_id = $1 ORDER BY count_key COLLATE "C"
                """),
            row => new StockCount(
                row.GetString(0), new SkuId(row.GetInt64(1)), new LocationId(row.GetInt64(2)), row.Moment(3), row.GetInt32(4), row.GetInt32(5),
                row.GetBoolean(6)),
            Ct);
    }

    public override async Task<SkuState> SkuAsync(SkuId sku)
    {
        await using var session = await merchant.WorkAsync();
        return (await StockStore.ReadSkusAsync(session, [sku], Ct)).Skus.Single(s => s.Sku == sku);
    }

    public override async Task<OrderState?> OrderAsync(ConnectionId connection, string orderRef)
    {
        // Loading makes a placeholder to lock; the session is not committed, so none stays.
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(session, new Refs([], [], [(connection, orderRef)], [], [], []), Ct);
        return set.FindOrder(connection, orderRef) is { Snapshot: not null } known ? known : null;
    }

    public override async Task<IReadOnlyList<LedgerEntry>> EntriesAsync()
    {
        await using var session = await merchant.WorkAsync();
        return await session.QueryAsync(
            session.Of(
                """
                SELECT entry_id, recorded_at, sku_id, location_id, bucket, delta, reason, fact_key, level_id, connection_id, inbox_event_id,
                  occurred_at FROM ledger_entries WHERE tenant_id = $1 ORDER BY entry_id
                """),
            row => EntryRows.Read(row).Entry,
            Ct);
    }

    public override async Task<IReadOnlyList<LevelFigures>> HistoryAsync()
    {
        await using var session = await merchant.WorkAsync();
        return await session.QueryAsync(
            session.Of(
                """
                SELECT level_id, at, cause, status, mode, belief, target, observed, suspense, surplus, unverified, in_flight_from, in_flight,
                  sold_total, put_back_total, pushed_total, parked, owed, lag_reserve, coalesce(filled, 0) FROM level_history WHERE tenant_id = $1 ORDER BY history_id
                """),
            row => new LevelFigures(
                new LevelId(row.GetInt64(0)), row.Moment(1), row.GetString(2), row.GetInt16(3), row.GetInt16(4), row.Nullable<int>(5),
                row.Nullable<int>(6), row.Nullable<int>(7), row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.Nullable<int>(11),
                row.Nullable<int>(12), row.GetInt64(13), row.GetInt64(14), row.GetInt64(15), row.Nullable<int>(16), row.Nullable<int>(17),
                row.GetInt32(18), row.GetInt32(19)),
            Ct);
    }

    public override async Task<IReadOnlyList<PoolOpening>> OpeningsAsync()
    {
        await using var session = await merchant.WorkAsync();
        return await session.QueryAsync(
            session.Of("SELECT sku_id, location_id, opened, set_aside FROM pool_openings WHERE tenant_id = $1 ORDER BY opening_id"),
            row => new PoolOpening(new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), row.GetBoolean(2), row.GetInt32(3)),
            Ct);
    }

    public override async Task<bool> ReceiveAsync(ConnectionId connection, string webhookId, DateTimeOffset at) =>
        await new InboxStore(merchant.Database.Ingest, TimeProvider.System).AppendAsync(
            [new InboxEvent(merchant.Tenant, connection, "t", webhookId, null, at, at, null, "c", new byte[] { 1 })], Ct) == 1;

    public override ValueTask DisposeAsync() => merchant.Database.DisposeAsync();

    private sealed class PostgresBatch(StorageSession session, WorkingSet set) : Batch(set)
    {
        public override async Task CommitAsync(string cause, DateTimeOffset at)
        {
            await StockStore.SaveAsync(session, Set, cause, at, Ct);
            await session.CommitAsync(Ct);
        }

        public override ValueTask DisposeAsync() => session.DisposeAsync();
    }
}
