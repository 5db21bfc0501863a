using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Core.Checks;

namespace SyncFlow.Core.Buffers;

/// <summary>Which buffer policies are refused.</summary>
public static class BufferChecks
{
    /// <summary>Most tiers of a policy.</summary>
    public const int MostTiers = 20;

    /// <summary>Most units of a buffer.</summary>
    public const int MostUnits = 100_000_000;

    /// <summary>Longest cover.</summary>
    public const int MostDays = 366;

    /// <summary>Longest name of a tier.</summary>
    public const int LongestName = 40;

    /// <summary>Everything that is wrong, by field.</summary>
    public static Check Of(ImmutableArray<BufferTier> tiers)
    {
        var check = new Check().That(tiers.Length is > 0 and <= MostTiers, "tiers", $"1 to {MostTiers} tiers.");
        for (var i = 0; i < tiers.Length; i++)
        {
            var tier = tiers[i];
            string Field(string member) => string.Create(CultureInfo.InvariantCulture, $"tiers[{i}].{member}");
            check.Text(tier.Name, Field("name"), LongestName)
                .That(!tiers.Take(i).Any(t => string.Equals(t.Name, tier.Name, StringComparison.OrdinalIgnoreCase)), Field("name"), "Another tier above has this name.")
                .That(tier.From is >= 0 and <= MostUnits, Field("from"), $"Units sold per day, from 0 to {MostUnits}.")
                .That(i > 0 || tier.From == 0, Field("from"), "The first tier is for what sells slowest: it begins at 0.")
                .That(i == 0 || tier.From > tiers[i - 1].From, Field("from"), "More than the tier before it: thresholds ascend.")
                .That(tier.Units is null or (>= 0 and <= MostUnits), Field("units"), $"From 0 to {MostUnits}.")
                .That(tier.Percent is null or (>= 0 and <= 100), Field("percent"), "From 0 to 100.")
                .That(tier.Days is null or (>= 0 and <= MostDays), Field("days"), $"From 0 to {MostDays}.")
                .That(Ways(tier) > 0, Field("units"), "Name units, percent or days.")
                .That(Ways(tier) < 2, Field(tier.Days is null ? "percent" : "days"), "A tier has units, percent or days: one of the three.");
        }

        return check;
    }

    private static int Ways(BufferTier tier) => (tier.Units is null ? 0 : 1) + (tier.Percent is null ? 0 : 1) + (tier.Days is null ? 0 : 1);
}
