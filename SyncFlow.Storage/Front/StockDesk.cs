using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;

namespace SyncFlow.Storage.Front;

/// <summary>A reading of a level.</summary>
public sealed record ObservationView(int Available, int? OnHand, int? Committed, long Version, DateTimeOffset SeenAt);

/// <summary>A push without an answer.</summary>
public sealed record InFlightView(Guid Push, int From, int To, DateTimeOffset PlannedAt, DateTimeOffset Deadline);

/// <summary>A listing level as docs/protocol.md describes it.</summary>
/// <param name="UpperBound">The most it may still show; below zero lends nothing to others.</param>
/// <param name="LagReserve">Sales that bounded guard keeps off it (docs/connections.md); part of the bound.</param>
public sealed record LevelView(
    long LevelId, long ListingId, long ConnectionId, string Channel, string? Shop, long LocationId, string Location,
    string ExternalLocationId, string ItemRef, LevelStatus Status, int? Belief, ObservationView? Observed, int? Target,
    int UpperBound, int Suspense, int Surplus, int Unverified, InFlightView? InFlight, bool WantsPush, bool NeedsReading,
    int FailedVerifications, int UnitsPerSale, ConnectionStatus ChannelStatus, bool FulfillsOnline, int PoolGroup, int LagReserve);

/// <summary>What channels are shown of stock now.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class StockDesk(NpgsqlDataSource source)
{
    /// <summary>A SKU's levels on all channels.</summary>
    public Task<List<LevelView>> LevelsAsync(long tenant, long sku, CancellationToken ct)
    {
        const string sql =
            """
            SELECT v.level_id, v.listing_id, v.connection_id, c.name, c.shop, v.location_id, l.code, v.external_location_id,
                   v.item_ref, v.status, v.belief, v.observed_available, v.observed_on_hand, v.observed_committed,
                   v.observed_version, v.observed_seen_at, v.target,
                   v.surplus + v.unverified_units + v.lag_reserve + CASE v.in_flight_kind
                     WHEN 2 THEN greatest(coalesce(v.belief, 0), v.in_flight_to)
                     ELSE coalesce(v.belief, 0) + greatest(0, coalesce(v.in_flight_to - v.in_flight_from, 0)) END,
                   v.suspense, v.surplus, v.unverified_units, v.in_flight_push, v.in_flight_from, v.in_flight_to,
                   v.in_flight_planned_at, v.in_flight_deadline, v.wants_push, v.needs_reading, v.failed_verifications,
                   n.units_per_sale, c.status, l.fulfills_online, l.pool_group, v.lag_reserve
            FROM listing_levels v JOIN connections c USING (tenant_id, connection_id)
            JOIN locations l USING (tenant_id, location_id) JOIN listings n USING (tenant_id, listing_id)
            WHERE v.tenant_id = $1 AND v.sku_id = $2 ORDER BY v.connection_id, l.code
            """;
        return source.ListAsync(tenant, sql, ReadLevel, [sku], ct);
    }

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
        (ConnectionStatus)row.GetInt16(30), row.GetBoolean(31), row.GetInt32(32), row.GetInt32(33));
}
