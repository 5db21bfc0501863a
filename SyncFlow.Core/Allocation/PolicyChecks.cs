using System.Collections.Immutable;
using System.Globalization;

namespace SyncFlow.Core.Allocation;

/// <summary>What is wrong with a policy.</summary>
/// <param name="Field">Which member, as a path: <c>channels[2].percent</c>.</param>
public readonly record struct PolicyFault(string Field, string Message);

/// <summary>Which policies are refused: what no stock could ever satisfy, and what no reader could understand.</summary>
public static class PolicyChecks
{
    /// <summary>Most units in a rule.</summary>
    public const int MostUnits = 100_000_000;

    /// <summary>Most channels in a policy.</summary>
    public const int MostChannels = 200;

    /// <summary>Largest weight; the smallest is one over it.</summary>
    public const double LargestWeight = 1_000_000;

    /// <summary>Everything that is wrong; empty when the policy may be used.</summary>
    /// <param name="channels">The rules.</param>
    /// <param name="known">The tenant's connections.</param>
    public static ImmutableArray<PolicyFault> Of(ImmutableArray<ChannelRule> channels, IReadOnlySet<ConnectionId> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var faults = ImmutableArray.CreateBuilder<PolicyFault>();
        if (channels.Length > MostChannels)
        {
            faults.Add(new("channels", $"At most {MostChannels} channels."));
        }

        for (var i = 0; i < channels.Length; i++)
        {
            var rule = channels[i];
            void Refuse(bool wrong, string member, string message)
            {
                if (wrong)
                {
                    faults.Add(new(string.Create(CultureInfo.InvariantCulture, $"channels[{i}].{member}"), message));
                }
            }

            Refuse(!known.Contains(rule.Channel), "connectionId", "There is no such connection.");
            Refuse(channels.Take(i).Any(r => r.Channel == rule.Channel), "connectionId", "A channel has one rule; this one has another above.");
            Refuse(rule.Percent is < 0 or > 100, "percent", "From 0 to 100.");
            Refuse(rule.Reserve is < 0 or > MostUnits, "reserve", $"From 0 to {MostUnits}.");
            Refuse(rule.Minimum is < 0 or > MostUnits, "minimum", $"From 0 to {MostUnits}.");
            Refuse(rule.Cap is < 0 or > MostUnits, "cap", $"From 0 to {MostUnits}.");
            Refuse(rule.Cap < rule.Reserve, "cap", "Less than the reserve: they cannot be met together.");
            Refuse(rule.Cap < rule.Minimum, "cap", "Less than the minimum: they cannot be met together.");
            Refuse(rule.Weight is { } w && !(w >= 1 / LargestWeight && w <= LargestWeight), "weight", $"From 1/{LargestWeight:0} to {LargestWeight:0}.");
            Refuse(rule is { Percent: not null, Weight: not null }, "weight", "A channel has a percent or a weight, not both.");
        }

        var percents = channels.Sum(r => Math.Max(0, r.Percent ?? 0));
        if (percents > 100)
        {
            faults.Add(new("channels", string.Create(CultureInfo.InvariantCulture, $"The percents sum to {percents}; at most 100.")));
        }

        return faults.ToImmutable();
    }
}
