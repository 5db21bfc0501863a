namespace SyncFlow.Storage.Allocation;

/// <summary>SKUs that kits tie together, in SQL.</summary>
internal static class ClusterSql
{
    /// <summary>
    /// A query of all SKUs that kits tie, over whatever many others, to those of <c>$2</c>; themselves included. Where a
    /// tenant has no kits it looks once, and not for each SKU.
    /// </summary>
    public const string Members =
        """
        WITH RECURSIVE tied (sku_id) AS (
          SELECT unnest($2::bigint[])
          UNION
          SELECT e.other FROM tied t CROSS JOIN LATERAL (
            SELECT c.component_sku_id FROM sku_components c WHERE c.tenant_id = $1 AND c.kit_sku_id = t.sku_id
            UNION ALL
            SELECT c.kit_sku_id FROM sku_components c WHERE c.tenant_id = $1 AND c.component_sku_id = t.sku_id
          ) AS e (other)
          WHERE EXISTS (SELECT FROM sku_components c WHERE c.tenant_id = $1)
        )
        SELECT sku_id FROM tied
        """;
}
