using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>Rows of <c>authority_rules</c> as the engine needs them: per SKU those that may concern it.</summary>
internal static class AuthorityRows
{
    public static NpgsqlBatchCommand Statement(StorageSession session, long[] skus) => session.Of(
        """
        SELECT k.sku_id, r.sku_id, r.sku_prefix, r.location_id, r.connection_id
        FROM authority_rules r CROSS JOIN LATERAL (
          SELECT s.sku_id FROM skus s WHERE s.tenant_id = $1 AND s.sku_id = ANY ($2) AND (r.sku_id IS NULL OR r.sku_id = s.sku_id)
            AND (r.sku_prefix IS NULL OR starts_with(s.code_key, upper(r.sku_prefix)))
          OFFSET 0) AS k -- Rules first: there are few or none.
        WHERE r.tenant_id = $1 ORDER BY r.rule_id
        """,
        Sql.P(skus));

    public static (SkuId Sku, AuthorityRule Rule) Read(NpgsqlDataReader row) => (
        new SkuId(row.GetInt64(0)),
        new AuthorityRule(
            row.Nullable<long>(1) is { } sku ? new SkuId(sku) : null, row.Text(2),
            row.Nullable<long>(3) is { } location ? new LocationId(location) : null,
            row.Nullable<long>(4) is { } connection ? new ConnectionId(connection) : null));
}
