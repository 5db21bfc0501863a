using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>Makes the claims of a SKU's channels at a location: rules, weights, order.</summary>
internal static class ClaimMaker
{
    /// <summary>Claims in order of priority.</summary>
    /// <param name="sku">Whose units.</param>
    /// <param name="levels">Its levels at the location that sell.</param>
    /// <param name="location">Where.</param>
    /// <param name="units">The SKU's units per location: rules that count units are divided among locations by them.</param>
    public static List<ChannelClaim> Of(
        SkuState sku, EngineContext context, IReadOnlyList<LevelState> levels, LocationId location,
        IReadOnlyDictionary<LocationId, int> units)
    {
        var claims = new List<ChannelClaim>(levels.Count);
        foreach (var level in levels)
        {
            if (claims.Any(c => c.Channel == level.Connection))
            {
                continue;
            }

            var own = levels.Where(l => l.Connection == level.Connection).ToList();
            int? held = own.Any(l => Targets.IsPublished(l, context))
                ? null
                : own.Sum(l => Math.Max(0, l.UpperBound) * l.UnitsPerSale);
            var channel = context.Channels[level.Connection];
            var rule = Local(sku, sku.Policy.Allocation?.RuleOf(channel.Connection), location, units, channel.Connection);
            claims.Add(new ChannelClaim(channel.Connection, rule, 0, rule.Priority ?? channel.Priority, held));
        }

        Weigh(sku, context, claims);
        claims.Sort((a, b) => (a.Order, a.Channel.Value).CompareTo((b.Order, b.Channel.Value)));
        return claims;
    }

    /// <summary>
    /// Weights: a rule's own; else the channel's weight by its pace, where 1 is the average, and never less than a
    /// small part of the largest, for a channel that gets nothing can never show that it sells.
    /// </summary>
    private static void Weigh(SkuState sku, EngineContext context, List<ChannelClaim> claims)
    {
        var paces = claims.ConvertAll(c => Paces.Of(sku, c.Channel));
        var average = paces.Average();
        var largest = 0.0;
        for (var i = 0; i < claims.Count; i++)
        {
            claims[i].Weight = claims[i].Rule.Weight ?? (context.Channels[claims[i].Channel].Weight * paces[i] / average);
            largest = Math.Max(largest, claims[i].Weight);
        }

        foreach (var claim in claims)
        {
            claim.Weight = claim.Rule.Weight ?? Math.Max(claim.Weight, largest * Paces.LeastWeight);
        }
    }

    /// <summary>The part of a rule that falls on one location, by what lies there.</summary>
    private static ChannelRule Local(
        SkuState sku, ChannelRule? rule, LocationId location, IReadOnlyDictionary<LocationId, int> units, ConnectionId channel)
    {
        if (rule is null || units.Count == 1 || rule is { Reserve: 0, Minimum: 0, Cap: null })
        {
            return rule ?? new ChannelRule(channel);
        }

        var places = units.Keys
            .Where(p => sku.Levels.Any(l => l.Connection == channel && l.Location == p)).OrderBy(p => p.Value).ToList();
        var weights = places.ConvertAll(p => (double)units[p]);
        var here = places.IndexOf(location);
        int Part(int whole) => here < 0 ? 0 : LargestRemainder.Share(whole, weights)[here];
        return rule with { Reserve = Part(rule.Reserve), Minimum = Part(rule.Minimum), Cap = rule.Cap is { } cap ? Part(cap) : null };
    }
}
