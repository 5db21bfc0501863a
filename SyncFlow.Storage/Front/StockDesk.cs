using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Front;

/// <summary>A SKU in the list of stock.</summary>
/// <param name="Ats">Available to sell, over locations that fulfil online; below zero means oversold. Of a kit, as last computed.</param>
/// <param name="Exposure">Units that could be oversold now, as last computed.</param>
public sealed record StockLine(
    long SkuId, string Sku, string Title, SharingMode Mode, EffectiveMode? InForce, int OnHand, int Committed, int Suspense,
    int Ats, int Exposure);

/// <summary>A SKU's sums at one location.</summary>
/// <param name="Ats">Available to sell there, after buffers and with what a preorder may promise; 0 where it does not fulfil online or was not opened.</param>
/// <param name="Opened">Whether an opening count stands behind on-hand.</param>
public sealed record PoolView(
    long LocationId, string Location, bool FulfillsOnline, bool Opened, Buckets Buckets, int Ats, int PoolGroup);

/// <summary>A reading of a level.</summary>
public sealed record ObservationView(int Available, int? OnHand, int? Committed, long Version, DateTimeOffset SeenAt);

/// <summary>A push without an answer.</summary>
public sealed record InFlightView(Guid Push, int From, int To, DateTimeOffset PlannedAt, DateTimeOffset Deadline);

/// <summary>A listing level as docs/protocol.md describes it.</summary>
/// <param name="UpperBound">The most it may still show; below zero lends nothing to others.</param>
public sealed record LevelView(
    long LevelId, long ListingId, long ConnectionId, string Channel, string? Shop, long LocationId, string Location,
    string ExternalLocationId, string ItemRef, LevelStatus Status, int? Belief, ObservationView? Observed, int? Target,
    int UpperBound, int Suspense, int Surplus, int Unverified, InFlightView? InFlight, bool WantsPush, bool NeedsReading,
    int FailedVerifications, int UnitsPerSale, ConnectionStatus ChannelStatus, bool FulfillsOnline, int PoolGroup);

/// <summary>Stock as it is now.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class StockDesk(NpgsqlDataSource source)
{
    // What may be promised of units on their way (SyncFlow.Core.Preorders.Preorder.Allowance).
    private const string Promise =
        "coalesce((SELECT least(o.cap, o.incoming) FROM preorders o WHERE o.tenant_id = $1 AND o.sku_id = s.sku_id AND o.location_id = p.location_id AND o.until > now()), 0)";

    /// <summary>SKUs by code, with their sums over all locations.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="search">Part of a code or title.</param>
    /// <param name="after">Only later codes (as compared).</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<StockLine>> ListAsync(long tenant, string? search, string? after, int count, CancellationToken ct)
    {
        const string sql =
            $"""
            SELECT s.sku_id, s.code, s.title, s.mode, k.mode, t.on_hand, t.committed, t.suspense,
              CASE WHEN EXISTS (SELECT FROM sku_components c WHERE c.tenant_id = $1 AND c.kit_sku_id = s.sku_id)
                THEN coalesce(k.ats_units, 0) ELSE t.ats END,
              coalesce(k.exposure_units, 0)
            FROM (SELECT * FROM skus WHERE tenant_id = $1 AND ($2::text IS NULL OR code ILIKE $2 OR title ILIKE $2)
                  AND ($3::text IS NULL OR code_key > $3) ORDER BY code_key LIMIT $4) s
            LEFT JOIN sku_state k USING (tenant_id, sku_id)
            CROSS JOIN LATERAL (
              SELECT coalesce(sum(p.on_hand), 0)::int AS on_hand, coalesce(sum(p.committed), 0)::int AS committed,
                     coalesce(sum(p.suspense), 0)::int AS suspense,
                     coalesce(sum({PoolSql.Free} + {Promise}) FILTER (WHERE l.fulfills_online AND p.opened), 0)::int AS ats
              FROM positions p JOIN locations l USING (tenant_id, location_id) {PoolSql.Buffers}
              WHERE p.tenant_id = $1 AND p.sku_id = s.sku_id) t
            ORDER BY s.code_key
            """;
        return source.ListAsync(tenant, sql, ReadLine, [TenantSql.Contains(search), after, count], ct);
    }

    /// <summary>A SKU's sums by location.</summary>
    public Task<List<PoolView>> PoolsAsync(long tenant, long sku, CancellationToken ct)
    {
        const string sql =
            $"""
            SELECT p.location_id, l.code, l.fulfills_online, p.opened, p.on_hand, p.committed, p.allocated, p.pos_pending,
                   p.reserved, p.shipped_unposted, p.suspense, p.in_transit, p.unavailable,
                   CASE WHEN l.fulfills_online AND p.opened THEN {PoolSql.Free} + {Promise} ELSE 0 END, l.pool_group
            FROM positions p JOIN locations l USING (tenant_id, location_id) JOIN skus s USING (tenant_id, sku_id)
            {PoolSql.Buffers}
            WHERE p.tenant_id = $1 AND p.sku_id = $2 ORDER BY l.code
            """;
        return source.ListAsync(tenant, sql, ReadPool, [sku], ct);
    }

    /// <summary>A SKU's levels on all channels.</summary>
    public Task<List<LevelView>> LevelsAsync(long tenant, long sku, CancellationToken ct)
    {
        const string sql =
            """
            SELECT v.level_id, v.listing_id, v.connection_id, c.name, c.shop, v.location_id, l.code, v.external_location_id,
                   v.item_ref, v.status, v.belief, v.observed_available, v.observed_on_hand, v.observed_committed,
                   v.observed_version, v.observed_seen_at, v.target,
                   v.surplus + v.unverified_units + CASE v.in_flight_kind
                     WHEN 2 THEN greatest(coalesce(v.belief, 0), v.in_flight_to)
                     ELSE coalesce(v.belief, 0) + greatest(0, coalesce(v.in_flight_to - v.in_flight_from, 0)) END,
                   v.suspense, v.surplus, v.unverified_units, v.in_flight_push, v.in_flight_from, v.in_flight_to,
                   v.in_flight_planned_at, v.in_flight_deadline, v.wants_push, v.needs_reading, v.failed_verifications,
                   n.units_per_sale, c.status, l.fulfills_online, l.pool_group
            FROM listing_levels v JOIN connections c USING (tenant_id, connection_id)
            JOIN locations l USING (tenant_id, location_id) JOIN listings n USING (tenant_id, listing_id)
            WHERE v.tenant_id = $1 AND v.sku_id = $2 ORDER BY v.connection_id, l.code
            """;
        return source.ListAsync(tenant, sql, ReadLevel, [sku], ct);
    }

    /// <summary>The mode in force; null before the SKU's first fact.</summary>
    public Task<EffectiveMode?> ModeInForceAsync(long tenant, long sku, CancellationToken ct) => source.FirstAsync(
        tenant,
        "SELECT mode FROM sku_state WHERE tenant_id = $1 AND sku_id = $2",
        row => (EffectiveMode?)row.GetInt16(0),
        [sku],
        ct);

    /// <summary>The domain's own rule on the SKU, and what kits tie to it, as they are now.</summary>
    public async Task<Exposure> ExposureAsync(long tenant, long sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var set = await StockStore.ReadSkusAsync(session, [new SkuId(sku)], ct).ConfigureAwait(false);
        return Exposures.Of(set, set.FindSku(new SkuId(sku))!);
    }

    private static StockLine ReadLine(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (SharingMode)row.GetInt16(3),
        row.IsDBNull(4) ? null : (EffectiveMode)row.GetInt16(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7),
        row.GetInt32(8), row.GetInt32(9));

    private static PoolView ReadPool(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetBoolean(2), row.GetBoolean(3),
        new Buckets(
            row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9),
            row.GetInt32(10), row.GetInt32(11), row.GetInt32(12)),
        row.GetInt32(13), row.GetInt32(14));

    private static LevelView ReadLevel(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.Text(4), row.GetInt64(5), row.GetString(6),
        row.GetString(7), row.GetString(8), (LevelStatus)row.GetInt16(9), row.IntOrNull(10),
        row.IsDBNull(11)
            ? null
            : new ObservationView(row.GetInt32(11), row.IntOrNull(12), row.IntOrNull(13), row.GetInt64(14), row.Time(15)),
        row.IntOrNull(16), row.GetInt32(17), row.GetInt32(18), row.GetInt32(19), row.GetInt32(20),
        row.IsDBNull(21)
            ? null
            : new InFlightView(row.GetGuid(21), row.GetInt32(22), row.GetInt32(23), row.Time(24), row.Time(25)),
        row.GetBoolean(26), row.GetBoolean(27), row.GetInt32(28), row.GetInt32(29),
        (ConnectionStatus)row.GetInt16(30), row.GetBoolean(31), row.GetInt32(32));
}
