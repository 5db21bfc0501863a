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
    /// <param name="units">What there is per location: rules that count units are divided among locations by it.</param>
    public static List<ChannelClaim> Of(
        SkuState sku, EngineContext context, List<LevelState> levels, LocationId location, SellableUnits units)
    {
        var claims = new List<ChannelClaim>(levels.Count);
        foreach (var level in levels)
        {
            if (Claims(claims, level.Connection))
            {
                continue;
            }

            var held = Held(levels, level.Connection, context);
            var channel = context.Channels[level.Connection];
            var rule = Local(sku, sku.Policy.Allocation?.RuleOf(channel.Connection), location, units, channel.Connection);
            claims.Add(new ChannelClaim(channel.Connection, rule, 0, rule.Priority ?? channel.Priority, held));
        }

        Weigh(sku, context, claims);
        claims.Sort(static (a, b) => (a.Order, a.Channel.Value).CompareTo((b.Order, b.Channel.Value)));
        return claims;
    }

    private static bool Claims(List<ChannelClaim> claims, ConnectionId channel)
    {
        foreach (var claim in claims)
        {
            if (claim.Channel == channel)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Units that a channel may sell whatever we wish, where none of its levels can be written now; else null.</summary>
    private static int? Held(List<LevelState> levels, ConnectionId channel, EngineContext context)
    {
        var held = 0;
        foreach (var level in levels)
        {
            if (level.Connection != channel)
            {
                continue;
            }

            if (Targets.IsPublished(level, context))
            {
                return null;
            }

            held += Math.Max(0, level.UpperBound) * level.UnitsPerSale;
        }

        return held;
    }

    /// <summary>
    /// Weights: a rule's own; else the channel's weight by its pace, where 1 is the average, and never less than a
    /// small part of the largest, for a channel that gets nothing can never show that it sells.
    /// </summary>
    private static void Weigh(SkuState sku, EngineContext context, List<ChannelClaim> claims)
    {
        var scale = new PaceScale(sku);
        var paces = claims.ConvertAll(c => scale.PaceOf(c.Channel));
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
        SkuState sku, ChannelRule? rule, LocationId location, SellableUnits sellable, ConnectionId channel)
    {
        if (rule is null or { Reserve: 0, Minimum: 0, Cap: null })
        {
            return rule ?? new ChannelRule(channel);
        }

        var units = sellable.Of(sku.Sku);
        if (units.Count == 1)
        {
            return rule;
        }

        var places = units.Keys
            .Where(p => sku.Levels.Any(l => l.Connection == channel && l.Location == p)).OrderBy(p => p.Value).ToList();
        var weights = places.ConvertAll(p => (double)units[p]);
        var here = places.IndexOf(location);
        int Part(int whole) => here < 0 ? 0 : LargestRemainder.Share(whole, weights)[here];
        return rule with { Reserve = Part(rule.Reserve), Minimum = Part(rule.Minimum), Cap = rule.Cap is { } cap ? Part(cap) : null };
    }
}
