using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Tests.Storage;

/// <summary>A tenant with live Shopify connections, one location and SKUs listed on each: made as the product makes them.</summary>
internal sealed class Merchant
{
    public const string Shelf = "gid://shopify/Location/1";

    private Merchant(TestDatabase database, TenantId tenant) => (Database, Tenant) = (database, tenant);

    public TestDatabase Database { get; }

    public TenantId Tenant { get; }

    public List<ConnectionId> Connections { get; } = [];

    public List<SkuId> Skus { get; } = [];

    public LocationId Location { get; private set; }

    public static string Variant(int number) => $"variant-{number}";

    public static async Task<Merchant> CreateAsync(TestDatabase database, int connections = 2, int skus = 2, int? onHand = null)
    {
        var ct = CancellationToken.None;
        var tenant = await new TenantStore(database.Api).CreateTenantAsync("merchant", ct);
        var merchant = new Merchant(database, tenant);
        await using var session = await StorageSession.OpenAsync(database.Api, tenant, ct);
        await using var db = await session.CreateDbAsync(ct);
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var location = new LocationRow { Code = "MAIN", Name = "Main", CreatedAt = now };
        db.Locations.Add(location);
        await db.SaveChangesAsync(ct);
        merchant.Location = new LocationId(location.LocationId);
        var catalog = new CatalogStore(TimeProvider.System);
        var ids = await catalog.EnsureSkusAsync(session, [.. Enumerable.Range(0, skus).Select(i => ($"sku-{i:0000}", ""))], ct);
        merchant.Skus.AddRange(ids.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value));
        for (var c = 0; c < connections; c++)
        {
            var row = new ConnectionRow
            {
                Kind = ConnectionKinds.Shopify,
                Name = $"Store {c}",
                Shop = $"t{tenant.Value}-store-{c}.myshopify.com",
                CreatedAt = now,
                UpdatedAt = now,
                Status = (short)ConnectionStatus.Live,
                Settings = new ConnectionSettings { DefaultLocationId = location.LocationId, OwnsOnHand = c == 0 }.ToJson(),
            };
            db.Connections.Add(row);
            await db.SaveChangesAsync(ct);
            var connection = new ConnectionId(row.ConnectionId);
            merchant.Connections.Add(connection);
            await catalog.UpsertLocationsAsync(session, connection, [new ImportedLocation(Shelf, "Shelf", true, true)], ct);
            await catalog.AddListingsAsync(
                session, connection, [.. merchant.Skus.Select((sku, i) => new NewListing(Variant(i), $"item-{i}", sku, 1))], ct);
        }

        await foreach (var mapped in db.ChannelLocations.AsAsyncEnumerable())
        {
            mapped.LocationId = location.LocationId;
        }

        await db.SaveChangesAsync(ct);
        foreach (var connection in merchant.Connections)
        {
            await CatalogStore.EnsureLevelsAsync(session, connection, [.. merchant.Skus.Select((_, i) => new StockedAt($"item-{i}", Shelf))], ct);
        }

        await session.CommitAsync(ct);
        if (onHand is { } units)
        {
            await merchant.GoLiveAsync(units);
        }

        return merchant;
    }

    public Task<StorageSession> WorkAsync() => StorageSession.OpenAsync(Database.Worker, Tenant, CancellationToken.None);

    /// <summary>Counts units in and takes all levels into service, as a baseline would leave them.</summary>
    private async Task GoLiveAsync(int units)
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var session = await WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, Skus, CancellationToken.None);
        foreach (var sku in set.Skus.ToList())
        {
            var counted = units == 0
                ? sku
                : set.Append(sku, new LedgerEntry(sku.Sku, Location, Bucket.OnHand, units, EntryReason.Opening, "opening", null, null, null, at));
            counted = counted.With(counted.PoolAt(Location) with { Opened = true });
            foreach (var level in counted.Levels)
            {
                counted = counted.With(level with { Status = LevelStatus.Live, Belief = units, Target = units });
            }

            set.Put(counted);
        }

        await StockStore.SaveAsync(session, set, "opening", at, CancellationToken.None);
        await session.CommitAsync(CancellationToken.None);
    }
}
