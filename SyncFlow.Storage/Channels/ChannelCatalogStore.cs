using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Schema;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>A variant of a channel's catalog as it is kept.</summary>
public sealed record ChannelItem(
    string VariantRef, string ItemRef, string ProductRef, string SkuText, string Title, bool Tracked, bool OversellAllowed,
    bool IsBundle, bool Archived);

/// <summary>A channel's own location as it is kept.</summary>
public sealed record ChannelLocation(string Ref, string Name, bool Active, bool FulfillsOnline);

/// <summary>A mapped variant whose SKU text on the channel is not the mapped SKU's code any more.</summary>
public sealed record RenamedItem(string VariantRef, string SkuText, string MappedCode, SkuId Sku);

/// <summary>What channels say of their catalogs and places. Mappings are people's: nothing here changes one.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class ChannelCatalogStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Stores variants as they are now.</summary>
    public async Task PutItemsAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<ChannelItem> items, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count == 0)
        {
            return;
        }

        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title,
                  tracked, oversell_allowed, is_bundle, archived, seen_at)
                SELECT $1, $2, e.*, $3 FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[],
                  $10::bool[], $11::bool[], $12::bool[]) AS e
                ON CONFLICT (tenant_id, connection_id, variant_ref) DO UPDATE SET item_ref = excluded.item_ref,
                  product_ref = excluded.product_ref, sku_text = excluded.sku_text, title = excluded.title,
                  tracked = excluded.tracked, oversell_allowed = excluded.oversell_allowed,
                  is_bundle = excluded.is_bundle, archived = excluded.archived, seen_at = excluded.seen_at
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)), Sql.Column(items, i => i.VariantRef),
                Sql.Column(items, i => i.ItemRef), Sql.Column(items, i => i.ProductRef), Sql.Column(items, i => i.SkuText),
                Sql.Column(items, i => i.Title), Sql.Column(items, i => i.Tracked),
                Sql.Column(items, i => i.OversellAllowed), Sql.Column(items, i => i.IsBundle),
                Sql.Column(items, i => i.Archived)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        await Statistics.RefreshAsync(source, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Marks variants as archived that the channel no longer has: of a product or a stock item, except those just seen.
    /// </summary>
    public Task<int> ArchiveAsync(
        TenantId tenant, ConnectionId connection, string? productRef, string? itemRef, IReadOnlyList<string> seen,
        CancellationToken ct) => ExecuteAsync(
        tenant,
        session => session.Of(
            """
            UPDATE channel_items SET archived = true, seen_at = $6
            WHERE tenant_id = $1 AND connection_id = $2 AND ($3::text IS NULL OR product_ref = $3)
              AND ($4::text IS NULL OR item_ref = $4) AND NOT archived
              AND variant_ref NOT IN (SELECT unnest($5::text[])) -- Hashed, whatever is known of the table; a join need not be.
            """,
            Sql.P(connection.Value), Sql.P(productRef), Sql.P(itemRef), Sql.Column(seen, s => s),
            Sql.P(DatabaseTime.Now(time))),
        ct);

    /// <summary>
    /// Stores locations as they are now; those not among them are inactive. A mapping stays. Where a mapped one was
    /// opened or closed, every SKU there is planned again (run kind <c>replan</c>): its levels follow their place.
    /// </summary>
    public async Task PutLocationsAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<ChannelLocation> locations, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(locations);
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
                SELECT DISTINCT $1, 'replan', jsonb_build_object('locationId', c.location_id), $3
                FROM channel_locations c LEFT JOIN unnest($4::text[], $5::bool[]) AS n (ref, active) ON n.ref = c.external_location_id
                WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.location_id IS NOT NULL
                  AND c.active <> coalesce(n.active, false)
                """,
                Sql.P(connection.Value), Sql.P(now), Sql.Column(locations, l => l.Ref), Sql.Column(locations, l => l.Active)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, active, fulfills_online, updated_at)
                SELECT $1, $2, e.*, $3 FROM unnest($4::text[], $5::text[], $6::bool[], $7::bool[]) AS e
                ON CONFLICT (tenant_id, connection_id, external_location_id) DO UPDATE SET name = excluded.name,
                  active = excluded.active, fulfills_online = excluded.fulfills_online, updated_at = excluded.updated_at
                """,
                Sql.P(connection.Value), Sql.P(now), Sql.Column(locations, l => l.Ref), Sql.Column(locations, l => l.Name),
                Sql.Column(locations, l => l.Active), Sql.Column(locations, l => l.FulfillsOnline)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE channel_locations SET active = false, updated_at = $3
                WHERE tenant_id = $1 AND connection_id = $2 AND active AND external_location_id <> ALL($4)
                """,
                Sql.P(connection.Value), Sql.P(now), Sql.Column(locations, l => l.Ref)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Mapped variants among these whose SKU text differs from the code they are mapped to.</summary>
    public async Task<List<RenamedItem>> RenamedAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<string> variants, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT v.ref, i.sku_text, l.code, l.sku_id
                FROM unnest($3::text[]) AS v (ref) CROSS JOIN LATERAL (
                  SELECT i.sku_text FROM channel_items i
                  WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.variant_ref = v.ref OFFSET 0) AS i -- By key, however little is known of the tables.
                CROSS JOIN LATERAL (
                  SELECT s.sku_id, s.code, s.code_key FROM listings l JOIN skus s ON s.tenant_id = $1 AND s.sku_id = l.sku_id
                  WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.variant_ref = v.ref OFFSET 0) AS l
                WHERE upper(btrim(i.sku_text)) <> l.code_key
                """,
                Sql.P(connection.Value), Sql.Column(variants, v => v)),
            row => new RenamedItem(row.GetString(0), row.GetString(1), row.GetString(2), new SkuId(row.GetInt64(3))),
            ct).ConfigureAwait(false);
    }

    private async Task<int> ExecuteAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var rows = await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return rows;
    }
}
