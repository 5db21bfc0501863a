using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>How a level's share came about.</summary>
/// <param name="Share">Sales it would show if units could be moved at no cost.</param>
/// <param name="Units">Units of the SKU that there are for all channels at its location; of a kit, how many of it.</param>
/// <param name="SetAside">Of those, what other channels keep that nobody can lower now.</param>
/// <param name="Rule">What its channel's rule names here; units are the part that falls on this location.</param>
/// <param name="Weight">Its channel's weight, by its rule or by how fast it sells.</param>
/// <param name="Weights">The weights of all channels that share by weight there.</param>
/// <param name="Exact">Its share in units before rounding, where it follows from weights alone; else null.</param>
public sealed record ShareAccount(
    int Share, int Units, int SetAside, ChannelRule Rule, double Weight, double Weights, double? Exact)
{
    /// <summary>Sales it shows beyond its share, because another level of its listing is below zero by them.</summary>
    public int Borne { get; init; }

    /// <summary>
    /// The accounts of all levels that may be written, by the rules that plan them; nothing is changed. Run on how
    /// things stood, they tell how they were planned.
    /// </summary>
    /// <param name="cluster">Modes are those in force.</param>
    public static IReadOnlyDictionary<LevelId, ShareAccount> Of(Cluster cluster, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var accounts = new Dictionary<LevelId, ShareAccount>();
        var guard = new GuardQuotas(cluster, now, [], accounts);
        foreach (var group in AvailableToSell.GroupsOf(cluster))
        {
            var units = new SellableUnits(cluster, group);
            foreach (var location in units.Locations)
            {
                if (cluster.Skus.First().Mode == EffectiveMode.Shared)
                {
                    SharedTargets.Assign(cluster, location, units, [], accounts);
                }
                else
                {
                    guard.Assign(location, units);
                }
            }
        }

        return accounts;
    }

    /// <summary>The account of a claim's level.</summary>
    internal static ShareAccount Of(int share, int units, ChannelClaim claim, IReadOnlyList<ChannelClaim> claims)
    {
        var aside = claims.Where(c => c.Held is not null).Sum(c => c.Share);
        var weighing = claims.Where(c => c is { Held: null, Rule.Percent: null }).ToList();
        var weights = weighing.Sum(c => c.Weight);
        var plain = weighing.Count == claims.Count(c => c.Held is null)
            && weighing.TrueForAll(c => c.Rule is { Reserve: 0, Minimum: 0, Cap: null }) && weights > 0;
        return new ShareAccount(
            share, units, aside, claim.Rule, claim.Weight, weights, plain ? Math.Max(0, units - aside) * claim.Weight / weights : null);
    }
}
