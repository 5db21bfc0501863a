using Npgsql;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Preorders;

/// <summary>What a batch writes of preorders: units that have arrived are not on their way any more.</summary>
internal static class PreorderRows
{
    /// <summary>SKUs that are sold before they are there.</summary>
    public static List<SkuState> Of(IEnumerable<SkuState> skus) => [.. skus.Where(s => s.Policy.Preorder is not null)];

    public static NpgsqlBatchCommand Update(StorageSession session, List<SkuState> skus, DateTimeOffset at) => session.Of(
        """
        UPDATE preorders p SET incoming = d.incoming, updated_at = $2
        FROM unnest($3::bigint[], $4::int[]) AS d (sku_id, incoming)
        WHERE p.tenant_id = $1 AND p.sku_id = d.sku_id AND p.incoming <> d.incoming
        """,
        Sql.P(at), Sql.Column(skus, s => s.Sku.Value), Sql.Column(skus, s => s.Policy.Preorder!.Incoming));
}
