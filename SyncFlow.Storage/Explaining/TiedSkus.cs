using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>What kits tied to a SKU at a moment.</summary>
/// <param name="Components">What each kit among them was made of.</param>
/// <param name="Codes">What the parts are called.</param>
internal sealed record TiedSkus(
    ImmutableDictionary<SkuId, ImmutableArray<Component>> Components, ImmutableDictionary<SkuId, string> Codes)
{
    /// <summary>The other SKUs, by number.</summary>
    public IEnumerable<SkuId> Except(SkuId sku) => Components.Keys.Concat(Components.Values.SelectMany(c => c.Select(p => p.Sku)))
        .Distinct().Where(s => s != sku).OrderBy(s => s.Value);

    /// <summary>The query: the kits' versions in force then, as far as they hang together with the SKU.</summary>
    public static NpgsqlBatchCommand Statement(StorageSession session, SkuId sku, DateTimeOffset at) => session.Of(
        """
        WITH RECURSIVE versions AS (
          SELECT DISTINCT ON (v.kit_sku_id) v.kit_sku_id, v.components FROM kit_versions v
          WHERE v.tenant_id = $1 AND v.changed_at <= $3 ORDER BY v.kit_sku_id, v.version DESC
        ), pairs AS (
          SELECT v.kit_sku_id AS kit, (c.value ->> 0)::bigint AS part, (c.value ->> 1)::int AS units
          FROM versions v CROSS JOIN LATERAL jsonb_array_elements(v.components) AS c
        ), tied (sku) AS (
          SELECT $2::bigint UNION
          SELECT CASE WHEN p.kit = t.sku THEN p.part ELSE p.kit END FROM tied t JOIN pairs p ON t.sku IN (p.kit, p.part)
        )
        SELECT p.kit, p.part, p.units, s.code FROM pairs p JOIN skus s ON s.tenant_id = $1 AND s.sku_id = p.part
        WHERE p.kit IN (SELECT sku FROM tied) ORDER BY p.kit, p.part
        """,
        Sql.P(sku.Value), Sql.P(at));

    /// <summary>Reads the result the reader stands on.</summary>
    public static async Task<TiedSkus> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var rows = await StorageSession.ReadAsync(
            reader,
            row => (Kit: new SkuId(row.GetInt64(0)), Part: new Component(new SkuId(row.GetInt64(1)), row.GetInt32(2)), Code: row.GetString(3)),
            ct).ConfigureAwait(false);
        return new TiedSkus(
            rows.GroupBy(r => r.Kit).ToImmutableDictionary(k => k.Key, k => k.Select(r => r.Part).ToImmutableArray()),
            rows.DistinctBy(r => r.Part.Sku).ToImmutableDictionary(r => r.Part.Sku, r => r.Code));
    }
}
