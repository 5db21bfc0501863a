using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Connections;

namespace SyncFlow.Benchmarks.Reconcile;

/// <summary>
/// A large store put into service by a few statements: as import, mapping, baseline and go-live leave it, without the time
/// that the plan's limits give them. Every level is believed to show what the store shows.
/// </summary>
internal static class LiveCatalog
{
    private const long Tenant = 1;

    /// <summary>Makes it; answers its connection.</summary>
    public static async Task<ConnectionId> SeedAsync(BenchServers servers, Shop shop, TimeProvider time, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        var location = $"{shop.Locations[0].Id}";
        await ExecuteAsync(owner, "INSERT INTO locations (tenant_id, location_id, code, name) VALUES ($1, 1, 'MAIN', 'Main')", ct).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            "INSERT INTO connections (tenant_id, connection_id, kind, name, shop, settings) VALUES ($1, 1, 'shopify', $2, $2, '{\"defaultLocationId\": 1}')",
            ct, shop.Domain).ConfigureAwait(false);
        var connection = new ConnectionId(1);
        var token = CredentialVault.FromBase64(ProductStand.SecretsKey).Seal(new TenantId(Tenant), connection, shop.AccessToken);
        await ExecuteAsync(
            owner, "UPDATE connections SET credential = $2, deduplicates = true WHERE tenant_id = $1 AND connection_id = 1", ct, token).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            "INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) VALUES ($1, 1, $2, 'Main', 1)",
            ct, location).ConfigureAwait(false);
        await FillAsync(owner, shop, location, ct).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            """
            INSERT INTO connection_runtime (tenant_id, connection_id, orders_watermark) VALUES ($1, 1, $2)
            ON CONFLICT (tenant_id, connection_id) DO UPDATE SET orders_watermark = excluded.orders_watermark
            """,
            ct, time.GetUtcNow()).ConfigureAwait(false);
        await ExecuteAsync(
            owner, "UPDATE connections SET status = $2 WHERE tenant_id = $1 AND connection_id = 1", ct, (short)ConnectionStatus.Live).ConfigureAwait(false);
        await servers.ExecuteAsync("ANALYZE", ct).ConfigureAwait(false);
        return connection;
    }

    private static async Task FillAsync(NpgsqlDataSource owner, Shop shop, string location, CancellationToken ct)
    {
        var variants = shop.Variants.ToList();
        await ExecuteAsync(
            owner,
            """
            INSERT INTO skus (tenant_id, sku_id, code, code_key, mode)
            SELECT $1, n, code, upper(code), $3 FROM unnest($2::text[]) WITH ORDINALITY AS s (code, n)
            """,
            ct, variants.Select(v => v.Sku).ToArray(), (short)SharingMode.Shared).ConfigureAwait(false);
        await ExecuteAsync(
            owner, "INSERT INTO sku_state (tenant_id, sku_id, mode) SELECT tenant_id, sku_id, mode FROM skus WHERE tenant_id = $1", ct).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            """
            INSERT INTO listings (tenant_id, listing_id, connection_id, variant_ref, item_ref, sku_id)
            SELECT $1, n, 1, variant, item, n FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS l (variant, item, n)
            """,
            ct, variants.Select(v => $"{v.Id}").ToArray(), variants.Select(v => $"{v.ItemId}").ToArray()).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            """
            INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, status, belief, target)
            SELECT $1, l.listing_id, 1, l.sku_id, 1, $2, l.item_ref, 3, s.shown, s.shown
            FROM listings l JOIN unnest($3::int[]) WITH ORDINALITY AS s (shown, n) ON s.n = l.sku_id
            """,
            ct, location, variants.Select(shop.SellableOnline).ToArray()).ConfigureAwait(false);
        await ExecuteAsync(
            owner,
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            SELECT $1, sku_id, 1, 1, belief, 1, 'opening:' || sku_id, now(), now() FROM listing_levels WHERE belief > 0
            """,
            ct).ConfigureAwait(false);
        await ExecuteAsync(
            owner, "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT $1, sku_id, 1, belief, true FROM listing_levels", ct).ConfigureAwait(false);
        await ExecuteAsync(
            owner, "INSERT INTO pool_openings (tenant_id, sku_id, location_id, opened, at) SELECT $1, sku_id, 1, true, now() FROM listing_levels", ct).ConfigureAwait(false);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource owner, string sql, CancellationToken ct, params object[] values)
    {
#pragma warning disable CA2100 // Statements are constants of this class.
        using var command = owner.CreateCommand(sql);
#pragma warning restore CA2100
        command.Parameters.AddWithValue(Tenant);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }
}
