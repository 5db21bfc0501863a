using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Requests;

/// <summary>Pools out of which one request could be met, and what it could get there.</summary>
/// <param name="Group">The group of locations; null for a place that does not fulfil online, which no channel draws on.</param>
/// <param name="Pools">The pools it may take from.</param>
/// <param name="Available">What the pools have, after the safety buffer; signed.</param>
/// <param name="Free">What a request may take at once; signed.</param>
/// <param name="Obtainable">What it could get once every channel that can be written to has given its share up; signed.</param>
public sealed record RequestScope(
    int? Group, ImmutableArray<Pool> Pools, int Available, int Free, int Obtainable);

/// <summary>
/// How much a request may take (rule R17). While shares are disjoint that is what no channel may still sell: A − ΣU.
/// In shared mode channels show the same units anyway and the merchant runs the risk knowingly: a request takes up to
/// A, exposure rises at once, and the decreases go out with the same plan.
/// </summary>
public static class RequestScopes
{
    /// <summary>Where a request could be met, lowest group first.</summary>
    /// <param name="tied">The SKU with what kits tie to it: they may sell of it too.</param>
    /// <param name="location">Only from this place; null for any group.</param>
    /// <param name="only">Only from this group; null for any.</param>
    public static ImmutableArray<RequestScope> Of(SkuState sku, Cluster tied, LocationId? location, int? only = null)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(tied);
        var (cluster, context) = (tied.With(sku), tied.Context);
        var groups = AvailableToSell.Groups(sku, context).Where(g => only is null || g.Key == only).OrderBy(g => g.Key);
        if (location is not { } place)
        {
            return [.. groups.Select(g => OfGroup(sku, cluster, g.Key, [.. g.Pools], null))];
        }

        var pool = sku.PoolAt(place);
        if (!pool.Opened || context.FindLocation(place) is not { } settings)
        {
            return [];
        }

        if (settings.FulfillsOnline)
        {
            return [OfGroup(sku, cluster, settings.Group, [.. groups.Single(g => g.Key == settings.Group).Pools], pool)];
        }

        var there = AvailableToSell.Of(pool, sku.Policy);
        return [new RequestScope(null, [pool], there, there, there)];
    }

    private static RequestScope OfGroup(
        SkuState sku, Cluster cluster, int group, ImmutableArray<Pool> pools, Pool? only)
    {
        var available = pools.Sum(p => AvailableToSell.Of(p, sku.Policy)) - Debts.Of(cluster, sku.Sku, group);
        var free = sku.Mode == EffectiveMode.Shared ? available : available - Exposures.UpperBound(cluster, sku.Sku, group);
        var obtainable = sku.Mode == EffectiveMode.Shared ? available : available - StuckUnits(cluster, sku.Sku, group);
        if (only is null)
        {
            return new RequestScope(group, pools, available, free, obtainable);
        }

        var there = AvailableToSell.Of(only, sku.Policy);
        return new RequestScope(
            group, [only], Math.Min(available, there), Math.Min(free, there), Math.Min(obtainable, there));
    }

    /// <summary>What channels may sell that nobody can lower now: sellers without a cap, paused, suspended or uninstalled ones, halted levels.</summary>
    private static int StuckUnits(Cluster cluster, SkuId sku, int group)
    {
        var units = new SellingUnits();
        foreach (var (_, level, each) in Draws.On(cluster, sku))
        {
            if (!Targets.IsPublished(level, cluster.Context) && Exposures.InGroup(cluster.Context, level, group)
                && cluster.Context.FindChannel(level.Connection) is { Sells: true, Uncappable: false } channel)
            {
                units.Add(level, Exposures.MaySell(level, channel), each);
            }
        }

        return SetAsides.MayBeTaken(cluster.Find(sku)!, cluster.Context, group) + units.Total();
    }
}
