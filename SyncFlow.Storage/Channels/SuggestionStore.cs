using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>
/// New variants of a store that is in service are mapped by nobody: they are kept apart, and where their SKU text is one
/// we know a suggestion says so, with how sure it is (1 to 100). A person accepts or rejects it.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class SuggestionStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>
    /// Makes the suggestions that are missing and withdraws those whose variant is gone or mapped; what was rejected
    /// stays so. The incident of each open one is opened or closed with it.
    /// </summary>
    /// <returns>How many are new.</returns>
    public async Task<int> RefreshAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var made = await session.ExecuteAsync(session.Of(Suggest, Sql.P(connection.Value), Sql.P(now)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(Withdraw, Sql.P(connection.Value), Sql.P(now)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(OpenIncidents, Sql.P(connection.Value), Sql.P(now)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(CloseIncidents, Sql.P(connection.Value), Sql.P(now)), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return made;
    }

    private const string Suggest =
        """
        INSERT INTO mapping_suggestions (tenant_id, connection_id, variant_ref, sku_id, confidence, reason, created_at)
        SELECT $1, $2, i.variant_ref, s.sku_id,
          CASE WHEN o.active THEN 30 WHEN o.active IS FALSE THEN 95 ELSE 80 END
            + CASE WHEN s.title <> '' AND lower(btrim(i.title)) = lower(btrim(s.title)) THEN 4 ELSE 0 END,
          CASE WHEN o.active THEN 'Another variant of this store sells that SKU; map it only where both are one pool.'
            WHEN o.active IS FALSE THEN 'It has the SKU of a listing of this store that was deleted.'
            ELSE 'A SKU with this code exists.' END,
          $3
        FROM channel_items i
        JOIN connections c ON c.tenant_id = $1 AND c.connection_id = $2 AND c.status <> 1
        JOIN skus s ON s.tenant_id = $1 AND s.code_key = upper(btrim(i.sku_text))
        LEFT JOIN LATERAL (
          SELECT bool_or(l.active) AS active FROM listings l
          WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.sku_id = s.sku_id) o ON true
        WHERE i.tenant_id = $1 AND i.connection_id = $2 AND NOT i.archived AND i.tracked AND NOT i.is_bundle
          AND NOT EXISTS (SELECT FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.variant_ref = i.variant_ref)
          AND NOT EXISTS (SELECT FROM listing_variants v WHERE v.tenant_id = $1 AND v.connection_id = $2 AND v.variant_ref = i.variant_ref)
        ON CONFLICT (tenant_id, connection_id, variant_ref, sku_id) DO NOTHING
        """;

    private const string Withdraw =
        """
        UPDATE mapping_suggestions g SET state = 3, decided_at = $3
        WHERE g.tenant_id = $1 AND g.connection_id = $2 AND g.state = 0
          AND (EXISTS (SELECT FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.variant_ref = g.variant_ref)
            OR NOT EXISTS (SELECT FROM channel_items i
              WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.variant_ref = g.variant_ref AND NOT i.archived))
        """;

    private const string OpenIncidents =
        """
        INSERT INTO incidents AS n (tenant_id, incident_key, kind, message, connection_id, sku_id, opened_at, seen_at)
        SELECT $1, 'quarantined:' || $2 || ':' || g.variant_ref, 'item-quarantined',
          'A new variant carries a known SKU; it is not mapped until its suggestion is accepted. ' || g.reason,
          $2, g.sku_id, $3, $3
        FROM mapping_suggestions g WHERE g.tenant_id = $1 AND g.connection_id = $2 AND g.state = 0
        ON CONFLICT (tenant_id, incident_key) WHERE closed_at IS NULL DO NOTHING
        """;

    private const string CloseIncidents =
        """
        UPDATE incidents n SET closed_at = $3
        WHERE n.tenant_id = $1 AND n.connection_id = $2 AND n.kind = 'item-quarantined' AND n.closed_at IS NULL
          AND NOT EXISTS (SELECT FROM mapping_suggestions g WHERE g.tenant_id = $1 AND g.connection_id = $2 AND g.state = 0
            AND n.incident_key = 'quarantined:' || $2 || ':' || g.variant_ref)
        """;
}
