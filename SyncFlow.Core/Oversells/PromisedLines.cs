using SyncFlow.Core.Engine;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Oversells;

/// <summary>What a settlement can be made of: open order lines of a short group, and units spare elsewhere.</summary>
public static class PromisedLines
{
    /// <summary>Open lines of orders that are promised units of a SKU, sold alone or in a kit, from a group of locations.</summary>
    /// <param name="set">Holds the listings of the SKU and of kits it is part of.</param>
    public static IEnumerable<PromisedLine> Of(WorkingSet set, SkuId sku, int group, IEnumerable<OrderState> orders)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(orders);
        foreach (var order in orders)
        {
            if (order.Snapshot is null || set.Context.FindChannel(order.Connection) is not { } channel)
            {
                continue;
            }

            // Lines may be promised from elsewhere too: together they are no more than what is committed in the group.
            var here = order.Applied.Where(r => r.Sku == sku && InGroup(set.Context, r.Location, group)).Sum(r => r.Committed);
            foreach (var line in order.Snapshot.Lines)
            {
                if (set.FindListingByVariant(order.Connection, line.VariantRef) is { } listing && set.FindSku(listing.Sku) is not null)
                {
                    var each = Draws.ComponentsOf(set, listing.Sku, listing.UnitsPerSale).FirstOrDefault(c => c.Sku == sku).Units;
                    var units = Math.Min(here, line.Open * each);
                    here -= units;
                    if (units > 0)
                    {
                        yield return new PromisedLine(
                            order.Connection, order.OrderRef, line.LineRef, units, order.Snapshot.CreatedAt, channel.Priority)
                        {
                            Price = line.Price is { } price && order.Snapshot.Currency is { } currency ? new Money(price, currency) : null,
                            UnitsPerSale = each,
                        };
                    }
                }
            }
        }
    }

    /// <summary>Units of other groups that no channel may sell, by itself or in a kit, at the fullest place of each.</summary>
    public static IEnumerable<SpareUnits> Spare(Cluster cluster, SkuId id, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var sku = cluster.Find(id) ?? throw new ArgumentException($"SKU {id.Value} is not in the cluster.", nameof(id));
        return RequestScopes.Of(RequestRules.AsIfGranted(sku, cluster.Context), cluster, null)
            .Where(s => s.Group != group && s.Free > 0)
            .Select(s => (s.Free, Fullest: s.Pools.MaxBy(p => AvailableToSell.Of(p, sku.Policy))!))
            .Select(s => new SpareUnits(
                s.Fullest.Location, Math.Min(s.Free, AvailableToSell.Of(s.Fullest, sku.Policy))));
    }

    private static bool InGroup(EngineContext context, LocationId location, int group) =>
        context.FindLocation(location) is { FulfillsOnline: true } settings && settings.Group == group;
}
