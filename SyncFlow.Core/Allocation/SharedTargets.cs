using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>Shared mode: every channel shows what its rule allows of all there is; of a kit, what can be made.</summary>
internal static class SharedTargets
{
    /// <summary>Targets for the levels at one location.</summary>
    /// <param name="accounts">Takes how they came about; null where nobody asks.</param>
    public static void Assign(
        Cluster cluster, LocationId location, SellableUnits units, Dictionary<LevelId, int> targets,
        Dictionary<LevelId, ShareAccount>? accounts = null)
    {
        foreach (var sku in cluster.Skus)
        {
            var levels = sku.Levels
                .Where(l => l.Location == location && Targets.IsPublished(l, cluster.Context)).ToList();
            if (levels.Count == 0)
            {
                continue;
            }

            if (units.Of(sku.Sku, location) is not { } here)
            {
                continue;
            }

            var claims = sku.Policy.Allocation is null && accounts is null
                ? []
                : ClaimMaker.Of(sku, cluster.Context, levels, location, units);
            foreach (var level in levels)
            {
                var claim = claims.Find(c => c.Channel == level.Connection);
                var allowed = claim is null ? here : ChannelShares.Shared(here, claim, claims);
                var borne = units.BorneBy(level.Listing, location) / level.UnitsPerSale;
                targets[level.Id] = (allowed / level.UnitsPerSale) + borne;
                accounts?.Add(level.Id, ShareAccount.Of(allowed / level.UnitsPerSale, here, claim!, claims) with { Exact = null, Borne = borne });
            }
        }
    }
}
