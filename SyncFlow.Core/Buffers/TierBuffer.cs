using System.Globalization;

namespace SyncFlow.Core.Buffers;

/// <summary>The buffer that a pool has because of how fast its SKU sells, as last evaluated.</summary>
/// <param name="Tier">The SKU's tier.</param>
/// <param name="PerDay">Units per day that the pool's location sold when it was evaluated.</param>
public sealed record TierBuffer(string Tier, decimal PerDay)
{
    /// <summary>Units; of days of cover, what they came to. Null where it is a percentage.</summary>
    public int? Units { get; init; }

    /// <summary>Percent of what is there; null where it is units.</summary>
    public decimal? Percent { get; init; }

    /// <summary>The days of cover behind <see cref="Units"/>; null where they were named themselves.</summary>
    public decimal? Days { get; init; }

    /// <summary>Units that are kept back of those that are free: rounded up, and never more than there are.</summary>
    /// <param name="unencumbered">Units that nobody has a claim on; below zero where more are promised than there are.</param>
    public int UnitsOf(int unencumbered)
    {
        var there = Math.Max(0, unencumbered);
        return Math.Min(there, Percent is { } percent ? (int)Math.Ceiling(there * percent / 100) : Units ?? 0);
    }

    /// <summary>Whether another evaluation says the same: a pace that changes no unit is no news.</summary>
    public bool IsSameAs(TierBuffer? other) =>
        other is not null && (Tier, Units, Percent, Days) == (other.Tier, other.Units, other.Percent, other.Days);

    /// <summary>Why, in words: <c>tier fast, 2 days of cover at 1.8 a day</c>.</summary>
    public string Reason => string.Create(
        CultureInfo.InvariantCulture,
        $"tier {Tier}, {(Days is { } days ? $"{days:0.##} {(days == 1 ? "day" : "days")} of cover at {PerDay:0.##} a day" : Percent is { } percent ? $"{percent:0.##} % of what is there" : "a fixed number")}");
}
