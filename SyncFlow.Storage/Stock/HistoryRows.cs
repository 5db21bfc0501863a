using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>What a batch adds to the histories beside the ledger: how levels stood after it, pools it opened, and units it set aside.</summary>
internal static class HistoryRows
{
    public static NpgsqlBatchCommand AppendLevels(
        StorageSession session, List<ChangedLevel> levels, string cause, DateTimeOffset at) => session.Of(
        """
        INSERT INTO level_history (tenant_id, level_id, at, belief, target, observed, suspense, surplus, unverified, in_flight,
          cause, status, mode, in_flight_from, push_id, read_at, sold_total, put_back_total, pushed_total, parked, owed, lag_reserve,
          filled, open_claims, adopted)
        SELECT $1, d.level_id, $2, d.belief, d.target, d.observed, d.suspense, d.surplus, d.unverified, d.in_flight,
          $3, d.status, d.mode, d.in_flight_from, d.push_id, d.read_at, d.sold, d.put_back, d.pushed, d.parked, d.owed, d.lag_reserve,
          d.filled, d.claims, d.adopted
        FROM unnest($4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[], $11::int[], $12::smallint[],
          $13::smallint[], $14::int[], $15::uuid[], $16::timestamptz[], $17::bigint[], $18::bigint[], $19::bigint[], $20::int[], $21::int[],
          $22::int[], $23::int[], $24::int[], $25::int[])
          AS d (level_id, belief, target, observed, suspense, surplus, unverified, in_flight, status, mode, in_flight_from,
            push_id, read_at, sold, put_back, pushed, parked, owed, lag_reserve, filled, claims, adopted)
        """,
        Sql.P(at), Sql.P(cause),
        Sql.Column(levels, l => l.Level.Id.Value), Sql.Column(levels, l => l.Level.Belief),
        Sql.Column(levels, l => l.Level.Target), Sql.Column(levels, l => l.Level.Observed?.Available),
        Sql.Column(levels, l => l.Level.Suspense), Sql.Column(levels, l => l.Level.Surplus),
        Sql.Column(levels, l => l.Level.UnverifiedUnits), Sql.Column(levels, l => l.Level.InFlight?.To),
        Sql.Column(levels, l => (short)l.Level.Status), Sql.Column(levels, l => (short)l.Sku.Mode),
        Sql.Column(levels, l => l.Level.InFlight?.From), Sql.Column(levels, l => l.Level.InFlight?.Push),
        Sql.Column(levels, l => DatabaseTime.Of(l.Level.Observed?.SeenAt)), Sql.Column(levels, l => l.Level.SoldTotal),
        Sql.Column(levels, l => l.Level.PutBackTotal), Sql.Column(levels, l => l.Level.PushedTotal),
        Sql.Column(levels, l => l.Level.Shelf is { Since: not null } shelf ? shelf.Parked : (int?)null), Sql.Column(levels, l => l.Level.Shelf?.Owed),
        Sql.Column(levels, l => l.Level.LagReserve), Sql.Column(levels, l => NullIfNone(l.Level.Filled)),
        Sql.Column(levels, l => NullIfNone(l.Level.OpenClaims)), Sql.Column(levels, l => NullIfNone(l.Level.Adopted)));

    public static NpgsqlBatchCommand InsertOpenings(StorageSession session, IReadOnlyList<PoolOpening> openings, DateTimeOffset at) => session.Of(
        """
        INSERT INTO pool_openings (tenant_id, sku_id, location_id, opened, set_aside, at)
        SELECT $1, o.sku_id, o.location_id, o.opened, o.aside, $2
        FROM unnest($3::bigint[], $4::bigint[], $5::bool[], $6::int[]) AS o (sku_id, location_id, opened, aside)
        """,
        Sql.P(at), Sql.Column(openings, o => o.Sku.Value), Sql.Column(openings, o => o.Location.Value), Sql.Column(openings, o => o.Opened),
        Sql.Column(openings, o => o.SetAside));

    private static int? NullIfNone(int units) => units == 0 ? null : units;
}
