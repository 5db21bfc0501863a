using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Benchmarks.Support;

/// <summary>A tenant with two live Shopify connections on one location, each of its SKUs listed and opened on both.</summary>
internal sealed record BenchMerchant(TenantId Tenant, LocationId Location, IReadOnlyList<ConnectionId> Connections, IReadOnlyList<SkuId> Skus)
{
    private const int Stores = 2;

    /// <summary>Makes it as the product would: catalog, mapping and levels by the API's stores, the baseline by the ledger.</summary>
    /// <param name="onHand">Units of each SKU in the opening entries, and on each of its levels.</param>
    public static async Task<BenchMerchant> CreateAsync(
        BenchServers servers, string name, int skus, int onHand, TimeProvider time, CancellationToken ct)
    {
        using var api = servers.ForRole(PostgresRole.Api);
        var tenant = await new TenantStore(api).CreateTenantAsync(name, ct).ConfigureAwait(false);
        await using var session = await StorageSession.OpenAsync(api, tenant, ct).ConfigureAwait(false);
        await using var db = await session.CreateDbAsync(ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var location = new LocationRow { Code = "MAIN", Name = "Main", CreatedAt = now };
        db.Locations.Add(location);
        await db.SaveChangesAsync(ct).ConfigureAwait(false);
        var catalog = new CatalogStore(time);
        var ids = await catalog.EnsureSkusAsync(session, [.. Enumerable.Range(0, skus).Select(i => ($"sku-{i:0000}", ""))], ct).ConfigureAwait(false);
        var merchant = new BenchMerchant(
            tenant, new LocationId(location.LocationId), await ConnectAsync(db, name, location.LocationId, now, ct).ConfigureAwait(false),
            [.. ids.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value)]);
        await merchant.ListAsync(catalog, session, db, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        await merchant.GoLiveAsync(servers, onHand, now, ct).ConfigureAwait(false);

        // The database looks at its tables as autovacuum would within a minute.
        await servers.ExecuteAsync("ANALYZE skus, listings, listing_levels, sku_state, positions, connections, locations, channel_locations", ct).ConfigureAwait(false);
        return merchant;
    }

    private static async Task<List<ConnectionId>> ConnectAsync(
        SyncFlowDb db, string name, long location, DateTimeOffset now, CancellationToken ct)
    {
        var connections = new List<ConnectionId>();
        for (var store = 0; store < Stores; store++)
        {
            var row = new ConnectionRow
            {
                Kind = ConnectionKinds.Shopify,
                Name = $"Store {store}",
                Shop = $"{name}-{store}.myshopify.com",
                CreatedAt = now,
                UpdatedAt = now,
                Status = (short)ConnectionStatus.Live,
                Settings = new ConnectionSettings { DefaultLocationId = location, OwnsOnHand = store == 0 }.ToJson(),
            };
            db.Connections.Add(row);
            await db.SaveChangesAsync(ct).ConfigureAwait(false);
            connections.Add(new ConnectionId(row.ConnectionId));
        }

        return connections;
    }

    private async Task ListAsync(CatalogStore catalog, StorageSession session, SyncFlowDb db, CancellationToken ct)
    {
        foreach (var connection in Connections)
        {
            await catalog.UpsertLocationsAsync(
                session, connection, [new ImportedLocation(OrderBodies.Location, "Shelf", true, true)], ct).ConfigureAwait(false);
            await catalog.AddListingsAsync(
                session, connection,
                [.. Skus.Select((sku, i) => new NewListing(OrderBodies.Variant(i), OrderBodies.StockItem(i), sku, 1))], ct).ConfigureAwait(false);
        }

        await foreach (var mapped in db.ChannelLocations.AsAsyncEnumerable().WithCancellation(ct).ConfigureAwait(false))
        {
            mapped.LocationId = Location.Value;
        }

        await db.SaveChangesAsync(ct).ConfigureAwait(false);
        foreach (var connection in Connections)
        {
            await CatalogStore.EnsureLevelsAsync(
                session, connection, [.. Skus.Select((_, i) => new StockedAt(OrderBodies.StockItem(i), OrderBodies.Location))], ct).ConfigureAwait(false);
        }
    }

    private async Task GoLiveAsync(BenchServers servers, int units, DateTimeOffset at, CancellationToken ct)
    {
        using var worker = servers.ForRole(PostgresRole.Worker);
        await using var session = await StorageSession.OpenAsync(worker, Tenant, ct).ConfigureAwait(false);
        var set = await StockStore.LoadSkusAsync(session, Skus, ct).ConfigureAwait(false);
        foreach (var sku in set.Skus.ToList())
        {
            var counted = set.Append(sku, new LedgerEntry(
                sku.Sku, Location, Bucket.OnHand, units, EntryReason.Opening, "opening", null, null, null, at));
            counted = counted.With(counted.PoolAt(Location) with { Opened = true });
            foreach (var level in counted.Levels)
            {
                counted = counted.With(level with { Status = LevelStatus.Live, Belief = units, Target = units });
            }

            set.Put(counted);
        }

        await StockStore.SaveAsync(session, set, "opening", at, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
