using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Configuration;

/// <summary>A channel's location as imported.</summary>
public sealed record ImportedLocation(string ExternalLocation, string Name, bool Active, bool FulfillsOnline);

/// <summary>A channel's variant as imported.</summary>
public sealed record ImportedItem(
    string VariantRef, string ItemRef, string ProductRef, string SkuText, string Title, bool Tracked, bool OversellAllowed,
    bool IsBundle, bool Archived);

/// <summary>A variant to be sold as a SKU.</summary>
public sealed record NewListing(string VariantRef, string ItemRef, SkuId Sku, int UnitsPerSale);

/// <summary>Where a channel stocks an item.</summary>
public sealed record StockedAt(string ItemRef, string ExternalLocation);

/// <summary>Imports of catalogs and mappings, set-based: thousands of rows in one statement. Small edits go through <see cref="SyncFlowDb"/>.</summary>
public sealed class CatalogStore(TimeProvider time)
{
    /// <summary>The code as it is compared: without surrounding space, in upper case.</summary>
    public static string CodeKey(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return code.Trim().ToUpperInvariant();
    }

    /// <summary>Stores a channel's locations; mappings stay as they are.</summary>
    public Task UpsertLocationsAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<ImportedLocation> locations, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, active, fulfills_online, updated_at)
                SELECT $1, $2, d.*, $3 FROM unnest($4::text[], $5::text[], $6::bool[], $7::bool[]) AS d
                ON CONFLICT (tenant_id, connection_id, external_location_id) DO UPDATE SET
                  name = excluded.name, active = excluded.active, fulfills_online = excluded.fulfills_online, updated_at = excluded.updated_at
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)),
                Sql.Column(locations, l => l.ExternalLocation), Sql.Column(locations, l => l.Name),
                Sql.Column(locations, l => l.Active), Sql.Column(locations, l => l.FulfillsOnline)),
            ct);
    }

    /// <summary>Stores a channel's variants. A variant named twice in one call is refused by the database.</summary>
    public Task UpsertItemsAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<ImportedItem> items, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title,
                  tracked, oversell_allowed, is_bundle, archived, seen_at)
                SELECT $1, $2, d.*, $3 FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[],
                  $10::bool[], $11::bool[], $12::bool[]) AS d
                ON CONFLICT (tenant_id, connection_id, variant_ref) DO UPDATE SET
                  item_ref = excluded.item_ref, product_ref = excluded.product_ref, sku_text = excluded.sku_text,
                  title = excluded.title, tracked = excluded.tracked, oversell_allowed = excluded.oversell_allowed,
                  is_bundle = excluded.is_bundle, archived = excluded.archived, seen_at = excluded.seen_at
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)),
                Sql.Column(items, i => i.VariantRef), Sql.Column(items, i => i.ItemRef), Sql.Column(items, i => i.ProductRef),
                Sql.Column(items, i => i.SkuText), Sql.Column(items, i => i.Title), Sql.Column(items, i => i.Tracked),
                Sql.Column(items, i => i.OversellAllowed), Sql.Column(items, i => i.IsBundle), Sql.Column(items, i => i.Archived)),
            ct);
    }

    /// <summary>Creates the SKUs that are not there yet; returns the ids of all, by <see cref="CodeKey"/>. Blank codes are refused.</summary>
    public async Task<IReadOnlyDictionary<string, SkuId>> EnsureSkusAsync(
        StorageSession session, IReadOnlyCollection<(string Code, string Title)> skus, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var once = skus.GroupBy(s => CodeKey(s.Code), StringComparer.Ordinal).Select(g => (Key: g.Key, g.First().Code, g.First().Title)).ToList();
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO skus (tenant_id, code, code_key, title, created_at)
                SELECT $1, btrim(d.code), d.code_key, d.title, $2 FROM unnest($3::text[], $4::text[], $5::text[]) AS d (code, code_key, title)
                ORDER BY d.code_key ON CONFLICT (tenant_id, code_key) DO NOTHING
                """,
                Sql.P(DatabaseTime.Now(time)), Sql.Column(once, s => s.Code), Sql.Column(once, s => s.Key), Sql.Column(once, s => s.Title)),
            ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of("SELECT code_key, sku_id FROM skus WHERE tenant_id = $1 AND code_key = ANY ($2)", Sql.Column(once, s => s.Key)),
            row => (Key: row.GetString(0), Sku: new SkuId(row.GetInt64(1))),
            ct).ConfigureAwait(false);
        return found.ToDictionary(f => f.Key, f => f.Sku, StringComparer.Ordinal);
    }

    /// <summary>Lists variants as SKUs; a variant that is listed already stays as it is. Returns how many are new.</summary>
    public Task<int> AddListingsAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<NewListing> listings, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id, units_per_sale, created_at)
                SELECT $1, $2, d.*, $3 FROM unnest($4::text[], $5::text[], $6::bigint[], $7::int[]) AS d
                ON CONFLICT DO NOTHING
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)),
                Sql.Column(listings, l => l.VariantRef), Sql.Column(listings, l => l.ItemRef),
                Sql.Column(listings, l => l.Sku.Value), Sql.Column(listings, l => l.UnitsPerSale)),
            ct);
    }

    /// <summary>
    /// Makes the listing levels of a connection that are missing: one per active listing and mapped active location
    /// where the channel stocks the item. SKUs get their lock row with it. Returns how many levels are new.
    /// </summary>
    /// <param name="stocked">Where the channel stocks which item; what names an unknown item or location makes nothing.</param>
    public static async Task<int> EnsureLevelsAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<StockedAt> stocked, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO sku_state (tenant_id, sku_id)
                SELECT DISTINCT $1::bigint, l.sku_id FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.active
                ORDER BY l.sku_id ON CONFLICT DO NOTHING
                """,
                Sql.P(connection.Value)),
            ct).ConfigureAwait(false);
        return await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id,
                  item_ref, generation)
                SELECT $1, l.listing_id, $2, l.sku_id, c.location_id, c.external_location_id, l.item_ref, n.generation
                FROM unnest($3::text[], $4::text[]) AS d (item_ref, external_location_id)
                JOIN listings l ON l.tenant_id = $1 AND l.connection_id = $2 AND l.item_ref = d.item_ref AND l.active
                JOIN channel_locations c ON c.tenant_id = $1 AND c.connection_id = $2
                  AND c.external_location_id = d.external_location_id AND c.active AND c.location_id IS NOT NULL
                JOIN connections n ON n.tenant_id = $1 AND n.connection_id = $2
                ON CONFLICT DO NOTHING
                """,
                Sql.P(connection.Value), Sql.Column(stocked, s => s.ItemRef), Sql.Column(stocked, s => s.ExternalLocation)),
            ct).ConfigureAwait(false);
    }
}
