using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// One store of a world put into service by a few statements: as import, mapping, baseline and go-live leave it, without
/// the time they take over thousands of levels. SKU <c>n</c> is the store's <c>n</c>th variant.
/// </summary>
internal static class LiveStore
{
    public static async Task SeedAsync(WorkerWorld world, Shop shop, long connection, SharingMode mode)
    {
        List<(string Sku, string Variant, string Item, int Shown)> rows;
        string location;
        lock (shop.Gate)
        {
            location = $"{shop.Locations[0].Id}";
            rows = [.. shop.Variants.Select(v => (v.Sku, $"{v.Id}", $"{v.ItemId}", shop.SellableOnline(v)))];
        }

        var database = world.Database;
        await database.ExecuteAsync(
            """
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) VALUES (1, $1, $2, 'Main', 1)
            """,
            connection, location);
        await database.ExecuteAsync(
            """
            INSERT INTO skus (tenant_id, sku_id, code, code_key, mode)
            SELECT 1, n, code, upper(code), $2 FROM unnest($1::text[]) WITH ORDINALITY AS s (code, n)
            """,
            rows.Select(r => r.Sku).ToArray(), (short)mode);
        await database.ExecuteAsync("INSERT INTO sku_state (tenant_id, sku_id, mode) SELECT tenant_id, sku_id, $1 FROM skus", (short)mode);
        await database.ExecuteAsync(
            """
            INSERT INTO listings (tenant_id, listing_id, connection_id, variant_ref, item_ref, sku_id)
            SELECT 1, n, $1, variant, item, n FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS l (variant, item, n)
            """,
            connection, rows.Select(r => r.Variant).ToArray(), rows.Select(r => r.Item).ToArray());
        await database.ExecuteAsync(
            """
            INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, status, belief, target)
            SELECT 1, l.listing_id, $1, l.sku_id, 1, $2, l.item_ref, 3, s.shown, s.shown
            FROM listings l JOIN unnest($3::int[]) WITH ORDINALITY AS s (shown, n) ON s.n = l.sku_id
            """,
            connection, location, rows.Select(r => r.Shown).ToArray());
        await database.ExecuteAsync(
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            SELECT 1, sku_id, 1, 1, belief, 1, 'opening:' || sku_id, now(), now() FROM listing_levels WHERE belief > 0
            """);
        await database.ExecuteAsync(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, sku_id, 1, belief, true FROM listing_levels");
        await database.ExecuteAsync(
            "UPDATE connections SET status = $2, deduplicates = true WHERE connection_id = $1", connection, (short)ConnectionStatus.Live);

        // A worker that runs may have begun to keep the connection.
        await database.ExecuteAsync(
            """
            INSERT INTO connection_runtime (tenant_id, connection_id, orders_watermark) VALUES (1, $1, now())
            ON CONFLICT (tenant_id, connection_id) DO UPDATE SET orders_watermark = excluded.orders_watermark
            """,
            connection);
    }
}
