namespace SyncFlow.Core.Allocation;

/// <summary>A channel that wants a share of a SKU's units at a location.</summary>
/// <param name="channel">Which.</param>
/// <param name="rule">Its rule, with the units that fall on this location.</param>
/// <param name="weight">Its weight where no percent is named.</param>
/// <param name="order">Its priority; lower comes first.</param>
/// <param name="held">Units it may sell whatever we wish, where it cannot be written now; else null.</param>
internal sealed class ChannelClaim(ConnectionId channel, ChannelRule rule, double weight, int order, int? held)
{
    public ConnectionId Channel { get; } = channel;
    public ChannelRule Rule { get; } = rule;
    public double Weight { get; set; } = weight;
    public int Order { get; } = order;
    public int? Held { get; } = held;
    public int Most => Rule.Cap ?? int.MaxValue;

    /// <summary>Its units.</summary>
    public int Share { get; set; }

    /// <summary>Units of its reserve or minimum that there was nothing for.</summary>
    public int Cut { get; set; }
}

/// <summary>
/// What rules give each channel of some units. In order: what cannot be taken back now; reserves; minimums; percents of
/// what reserves leave; and the rest by weight among channels without a percent, or, where there is none, among the
/// others by percent. Where reserves and minimums are more than there is, who comes first by priority is served first.
/// The shares sum exactly to the units, unless caps leave some over.
/// </summary>
internal static class ChannelShares
{
    /// <summary>Shares units in guard: disjoint.</summary>
    /// <param name="claims">In order of priority.</param>
    public static void Assign(int units, IReadOnlyList<ChannelClaim> claims)
    {
        var plain = true;
        foreach (var claim in claims)
        {
            plain &= claim is { Held: null, Rule: { Reserve: 0, Minimum: 0, Cap: null, Percent: null } };
        }

        if (plain)
        {
            var weights = new double[claims.Count];
            for (var i = 0; i < claims.Count; i++)
            {
                weights[i] = claims[i].Weight;
            }

            var shares = LargestRemainder.Share(units, weights);
            for (var i = 0; i < claims.Count; i++)
            {
                claims[i].Share = shares[i];
            }

            return;
        }

        var movable = claims.Where(c => c.Held is null).ToList();
        var left = units - Hold(units, claims);
        left = Give(left, movable, c => c.Rule.Reserve);
        left = Give(left, movable, c => Math.Max(c.Rule.Reserve, c.Rule.Minimum));
        left = Percents(units, left, claims, movable);
        left = Weights(left, [.. movable.Where(c => c.Rule.Percent is null)], c => c.Weight);
        Weights(left, [.. movable.Where(c => c.Rule.Percent > 0)], c => (double)c.Rule.Percent!.Value);
    }

    /// <summary>What a channel may show in shared mode: all but what is reserved for others, within its own rule.</summary>
    public static int Shared(int units, ChannelClaim claim, IReadOnlyList<ChannelClaim> claims)
    {
        var left = units;
        foreach (var other in claims)
        {
            other.Share = 0;
        }

        left = Give(left, claims, c => c.Rule.Reserve);
        var ours = claim.Rule.Percent is { } percent ? (int)Math.Floor(left * percent / 100m) : left;
        return Math.Min(claim.Most, Math.Min(claim.Share + left, Math.Max(claim.Share + ours, claim.Rule.Minimum)));
    }

    /// <summary>Channels that cannot be written keep what they may sell, and what their rule names beyond it.</summary>
    private static int Hold(int units, IReadOnlyList<ChannelClaim> claims)
    {
        var left = units - claims.Sum(c => c.Held ?? 0);
        foreach (var claim in claims)
        {
            if (claim.Held is { } held)
            {
                var percent = claim.Rule.Percent is { } p ? (int)Math.Floor(Base(units, claims) * p / 100m) : 0;
                var named = Math.Min(claim.Most, Math.Max(claim.Rule.Minimum, claim.Rule.Reserve + percent));
                var more = Math.Clamp(named - held, 0, Math.Max(0, left));
                claim.Share = held + more;
                left -= more;
            }
        }

        return claims.Where(c => c.Held is not null).Sum(c => c.Share);
    }

    private static int Base(int units, IReadOnlyList<ChannelClaim> claims) =>
        Math.Max(0, units - claims.Sum(c => Math.Min(c.Rule.Reserve, c.Most)));

    private static int Give(int left, IReadOnlyList<ChannelClaim> claims, Func<ChannelClaim, int> wanted)
    {
        foreach (var claim in claims)
        {
            var more = Math.Max(0, Math.Min(claim.Most, wanted(claim)) - claim.Share);
            var given = Math.Min(Math.Max(0, left), more);
            claim.Share += given;
            claim.Cut = Math.Max(claim.Cut, more - given);
            left -= given;
        }

        return left;
    }

    private static int Percents(
        int units, int left, IReadOnlyList<ChannelClaim> claims, List<ChannelClaim> movable)
    {
        var named = movable.Where(c => c.Rule.Percent is not null).ToList();
        if (named.Count == 0 || left <= 0)
        {
            return left;
        }

        // What percents leave is an entry of its own, so that rounding is the same whoever else there is.
        var rest = 100 - named.Sum(c => c.Rule.Percent!.Value);
        var parts = LargestRemainder.Share(
            Base(units, claims), [.. named.Select(c => (double)c.Rule.Percent!.Value), (double)rest]);
        var wants = named.Select((c, i) => Math.Max(0, Math.Min(c.Most, c.Rule.Reserve + parts[i]) - c.Share)).ToArray();
        if (wants.Sum(w => (long)w) > left)
        {
            wants = [.. LargestRemainder.Share(left, [.. wants.Select(w => (double)w)])];
        }

        for (var i = 0; i < named.Count; i++)
        {
            named[i].Share += wants[i];
            left -= wants[i];
        }

        return left;
    }

    /// <summary>Shares what is left by weight; what a minimum gave already counts towards a channel's part.</summary>
    private static int Weights(int left, List<ChannelClaim> claims, Func<ChannelClaim, double> weight)
    {
        if (claims.Count == 0 || left <= 0)
        {
            return left;
        }

        var given = claims.Select(c => c.Rule.Percent is null ? Math.Min(c.Share, c.Rule.Reserve) : c.Share).ToArray();
        var least = claims.Select((c, i) => c.Share - given[i]).ToArray();
        var most = claims.Select((c, i) => c.Most - given[i]).ToArray();
        var total = left + least.Sum();
        var shares = BoundedShares.Share(total, [.. claims.Select(weight)], least, most);
        for (var i = 0; i < claims.Count; i++)
        {
            claims[i].Share = given[i] + shares[i];
        }

        return total - shares.Sum();
    }
}
