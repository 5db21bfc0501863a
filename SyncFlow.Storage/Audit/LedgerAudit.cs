using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Audit;

/// <summary>A bucket whose stored sum is not what its ledger entries add up to.</summary>
public sealed record PositionDifference(SkuId Sku, LocationId Location, Bucket Bucket, long Ledger, long Position);

/// <summary>Checks what must always hold, on another path than the one that wrote it.</summary>
public static class LedgerAudit
{
    /// <summary>Invariant I1: positions are the replay of the ledger. Returns where they are not; reads the tenant's whole ledger.</summary>
    public static Task<List<PositionDifference>> PositionsDifferFromLedgerAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                """
                WITH replayed AS (
                  SELECT sku_id, location_id, bucket, sum(delta) AS units FROM ledger_entries
                  WHERE tenant_id = $1 GROUP BY sku_id, location_id, bucket
                ), stored AS (
                  SELECT p.sku_id, p.location_id, b.bucket::smallint AS bucket, b.units::bigint AS units
                  FROM positions p CROSS JOIN LATERAL (VALUES
                    (1, p.on_hand), (2, p.committed), (3, p.allocated), (4, p.pos_pending), (5, p.reserved),
                    (6, p.shipped_unposted), (7, p.suspense), (8, p.in_transit), (9, p.unavailable)) AS b (bucket, units)
                  WHERE p.tenant_id = $1
                )
                SELECT sku_id, location_id, bucket, coalesce(r.units, 0)::bigint, coalesce(s.units, 0)
                FROM replayed r FULL JOIN stored s USING (sku_id, location_id, bucket)
                WHERE coalesce(r.units, 0) <> coalesce(s.units, 0)
                ORDER BY sku_id, location_id, bucket
                """),
            row => new PositionDifference(
                new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), (Bucket)row.GetInt16(2), row.GetInt64(3), row.GetInt64(4)),
            ct);
    }
}
