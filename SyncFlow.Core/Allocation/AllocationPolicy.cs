using System.Collections.Immutable;

namespace SyncFlow.Core.Allocation;

/// <summary>For what a policy is. The numbers are stored; they never change meaning.</summary>
public enum PolicyScope : short
{
    /// <summary>All SKUs of the tenant.</summary>
    Tenant = 1,

    /// <summary>The SKUs of a group.</summary>
    Group = 2,

    /// <summary>One SKU.</summary>
    Sku = 3,
}

/// <summary>
/// How a scope's units are shared among channels. Policies are not merged: the most specific one that a SKU has is the
/// whole policy for it, except the mode, which is taken from the most specific that names one.
/// </summary>
/// <param name="Scope">For what.</param>
/// <param name="ScopeId">The group or SKU; 0 for the tenant.</param>
/// <param name="Version">Rises with every change.</param>
/// <param name="Mode">The mode of SKUs that have none of their own; null where a wider policy decides.</param>
/// <param name="Channels">Rules of channels, at most one each; a channel without one shares by weight.</param>
public sealed record AllocationPolicy(
    PolicyScope Scope, long ScopeId, int Version, SharingMode? Mode, ImmutableArray<ChannelRule> Channels)
{
    /// <summary>Names this version of this policy.</summary>
    public string Stamp => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{(short)Scope}:{ScopeId}@{Version}");

    /// <summary>The rule of a channel; one that says nothing where there is none.</summary>
    public ChannelRule RuleOf(ConnectionId channel)
    {
        foreach (var rule in Channels)
        {
            if (rule.Channel == channel)
            {
                return rule;
            }
        }

        return new ChannelRule(channel);
    }
}

/// <summary>What one channel may have. Units are of the SKU, over all locations.</summary>
/// <param name="Channel">Whose rule.</param>
public sealed record ChannelRule(ConnectionId Channel)
{
    /// <summary>Units set aside for the channel before anything is shared; its share of the rest comes on top.</summary>
    public int Reserve { get; init; }

    /// <summary>Least units of its whole share.</summary>
    public int Minimum { get; init; }

    /// <summary>Most units of its whole share; null for no limit.</summary>
    public int? Cap { get; init; }

    /// <summary>Percent of what reserves leave, 0 to 100; null shares by weight what percents leave.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Its weight beside channels without a percent, &gt; 0; null follows how fast it sells.</summary>
    public double? Weight { get; init; }

    /// <summary>Who comes first when there is too little, and in ties; lower first. Null takes the connection's.</summary>
    public int? Priority { get; init; }
}

/// <summary>A time in which units are kept in guard whatever the mode asked for.</summary>
/// <param name="From">Begins.</param>
/// <param name="Until">Is over.</param>
public readonly record struct Launch(DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>Whether it is on.</summary>
    public bool Covers(DateTimeOffset now) => From <= now && now < Until;
}
