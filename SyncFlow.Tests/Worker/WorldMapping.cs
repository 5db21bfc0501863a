using SyncFlow.Tests.Storage;

namespace SyncFlow.Tests.Worker;

/// <summary>Maps what a world's stores imported, as the API's automatic mapping does.</summary>
internal static class WorldMapping
{
    /// <summary>The n-th location of each store is our location n.</summary>
    public static Task MapPlacesAsync(TestDatabase database) =>
        database.ExecuteAsync(
            """
            UPDATE channel_locations c SET location_id = n.place FROM (
              SELECT connection_id, external_location_id AS ref,
                row_number() OVER (PARTITION BY connection_id ORDER BY external_location_id::bigint) AS place
              FROM channel_locations) n
            WHERE c.connection_id = n.connection_id AND c.external_location_id = n.ref
            """);

    /// <summary>Places as <see cref="MapPlacesAsync"/>; variants with one SKU text are one SKU.</summary>
    public static async Task MapBySkuAsync(TestDatabase database)
    {
        await MapPlacesAsync(database);
        await database.ExecuteAsync(
            """
            INSERT INTO skus (tenant_id, code, code_key)
            SELECT DISTINCT 1, sku_text, upper(btrim(sku_text)) FROM channel_items WHERE sku_text <> ''
            """);
        await database.ExecuteAsync("INSERT INTO sku_state (tenant_id, sku_id) SELECT tenant_id, sku_id FROM skus");
        await database.ExecuteAsync(
            """
            INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id)
            SELECT 1, i.connection_id, i.variant_ref, i.item_ref, s.sku_id
            FROM channel_items i JOIN skus s ON s.code_key = upper(btrim(i.sku_text))
            """);
        await database.ExecuteAsync(
            """
            INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref)
            SELECT 1, l.listing_id, l.connection_id, l.sku_id, c.location_id, c.external_location_id, l.item_ref
            FROM listings l JOIN channel_locations c USING (tenant_id, connection_id) WHERE c.active
            """);
    }
}
