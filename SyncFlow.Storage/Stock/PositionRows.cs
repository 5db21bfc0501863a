using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>Rows of <c>positions</c>: those that were loaded are updated where they differ, those that are new are made.</summary>
internal static class PositionRows
{
    public const string UpdateSql =
        $"""
        UPDATE positions p SET on_hand = d.on_hand, committed = d.committed, allocated = d.allocated, pos_pending = d.pos_pending,
          reserved = d.reserved, shipped_unposted = d.shipped_unposted, suspense = d.suspense, in_transit = d.in_transit,
          unavailable = d.unavailable, opened = d.opened, set_aside = d.set_aside
        FROM {Rows}
        WHERE p.tenant_id = $1 AND p.sku_id = d.sku_id AND p.location_id = d.location_id
        """;

    private const string InsertSql =
        $"""
        INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, committed, allocated, pos_pending, reserved,
          shipped_unposted, suspense, in_transit, unavailable, opened, set_aside)
        SELECT $1, d.* FROM {Rows}
        """;

    private const string Rows =
        """
        unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[],
          $11::int[], $12::int[], $13::bool[], $14::int[])
          AS d (sku_id, location_id, on_hand, committed, allocated, pos_pending, reserved, shipped_unposted, suspense, in_transit,
            unavailable, opened, set_aside)
        """;

    /// <summary>The pools of SKUs that are to be written: those there were, and new ones.</summary>
    public static (List<(SkuId Sku, Pool Pool)> Known, List<(SkuId Sku, Pool Pool)> New) Changed(WorkingSet set, IEnumerable<SkuState> skus)
    {
        var (known, made) = (new List<(SkuId, Pool)>(), new List<(SkuId, Pool)>());
        foreach (var sku in skus)
        {
            var loaded = set.FindLoaded(sku.Sku);
            foreach (var pool in sku.Pools)
            {
                var before = loaded?.Pools.FirstOrDefault(p => p.Location == pool.Location);
                if (before is null)
                {
                    made.Add((sku.Sku, pool));
                }
                else if (!before.Equals(pool))
                {
                    known.Add((sku.Sku, pool));
                }
            }
        }

        return (known, made);
    }

    public static NpgsqlBatchCommand Update(StorageSession session, IReadOnlyList<(SkuId Sku, Pool Pool)> rows) =>
        session.Of(UpdateSql, Parameters(rows));

    public static NpgsqlBatchCommand Insert(StorageSession session, IReadOnlyList<(SkuId Sku, Pool Pool)> rows) =>
        session.Of(InsertSql, Parameters(rows));

    private static NpgsqlParameter[] Parameters(IReadOnlyList<(SkuId Sku, Pool Pool)> rows)
    {
        NpgsqlParameter Sums(Bucket bucket) => Sql.Column(rows, r => r.Pool.Buckets[bucket]);
        return
        [
            Sql.Column(rows, r => r.Sku.Value), Sql.Column(rows, r => r.Pool.Location.Value),
            Sums(Bucket.OnHand), Sums(Bucket.Committed), Sums(Bucket.Allocated), Sums(Bucket.PosPending),
            Sums(Bucket.Reserved), Sums(Bucket.ShippedUnposted), Sums(Bucket.Suspense), Sums(Bucket.InTransit),
            Sums(Bucket.Unavailable), Sql.Column(rows, r => r.Pool.Opened), Sql.Column(rows, r => r.Pool.SetAside),
        ];
    }
}
