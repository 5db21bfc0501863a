using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>A location as GET /sandbox/stores lists it.</summary>
internal sealed record LocationView(long Id, string Name, bool Active, bool FulfillsOnline);

/// <summary>A store as GET /sandbox/stores lists it.</summary>
internal sealed record StoreView(
    string Shop, string Name, string AccessToken, ShopPlan Plan, IReadOnlyList<string> Scopes, bool Installed,
    IReadOnlyList<LocationView> Locations, int Products, int Variants, int Levels, int Orders, int Subscriptions)
{
    internal static StoreView Of(Shop shop)
    {
        lock (shop.Gate)
        {
            return new StoreView(
                shop.Domain, shop.Name, shop.AccessToken, shop.Plan, [.. shop.Scopes.Order(StringComparer.Ordinal)],
                shop.Installed,
                [.. shop.Locations.Select(l => new LocationView(l.Id, l.Name, l.IsActive, l.FulfillsOnlineOrders))],
                shop.Products.Count, shop.Variants.Count, shop.Levels.Count, shop.Orders.Count, shop.Subscriptions.Count);
        }
    }
}

/// <summary>GET /sandbox/stats.</summary>
internal sealed record StatsView(
    long OrdersAccepted, long OrdersRefused, long UnitsSold, long UnitsOversold, long UnitsReturned, long OrdersCancelled,
    long OrdersRefunded, long WebhooksSent, long WebhooksFailed, long WebhooksPending, long ApiCalls, long Throttled,
    IReadOnlyDictionary<string, long> Counters)
{
    internal static StatsView Of(World world, long pending)
    {
        var stats = world.Stats;
        return new StatsView(
            stats["ordersAccepted"], stats["ordersRefused"], stats["unitsSold"], world.Truth.OversoldUnits,
            stats["unitsReturned"], stats["ordersCancelled"], stats["ordersRefunded"], stats["webhooksSent"],
            stats["webhooksFailed"], pending, stats["apiCalls"], stats["throttled"],
            new SortedDictionary<string, long>(stats.Counts.ToDictionary(), StringComparer.Ordinal));
    }
}

/// <summary>What one store shows of a SKU: available over its active locations.</summary>
internal sealed record ShownView(string Shop, int Available);

/// <summary>One SKU of GET /sandbox/truth.</summary>
internal sealed record SkuTruthView(
    string Sku, int Physical, int Sold, int Returned, int Remaining, int OversoldUnits, IReadOnlyList<Oversell> Oversells,
    IReadOnlyList<ShownView> Shown);

/// <summary>GET /sandbox/truth.</summary>
internal sealed record TruthView(long UnitsSold, long UnitsReturned, long UnitsOversold, IReadOnlyList<SkuTruthView> Skus)
{
    internal static TruthView Of(World world, bool oversoldOnly)
    {
        var shown = new Dictionary<string, List<ShownView>>(StringComparer.Ordinal);
        foreach (var shop in world.Shops)
        {
            lock (shop.Gate)
            {
                foreach (var group in shop.Variants.GroupBy(v => v.Sku, StringComparer.Ordinal))
                {
                    if (!shown.TryGetValue(group.Key, out var list))
                    {
                        shown[group.Key] = list = [];
                    }

                    list.Add(new ShownView(shop.Domain, group.Sum(shop.SellableOnline)));
                }
            }
        }

        var skus = world.Truth.All()
            .Where(s => !oversoldOnly || s.OversoldUnits > 0)
            .Select(s => new SkuTruthView(
                s.Sku, s.Physical, s.Taken, s.Returned, s.Remaining, s.OversoldUnits, s.Oversells,
                shown.GetValueOrDefault(s.Sku) ?? []))
            .ToList();
        return new TruthView(world.Truth.TakenUnits, world.Truth.ReturnedUnits, world.Truth.OversoldUnits, skus);
    }
}
