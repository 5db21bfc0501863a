using System.Collections.Immutable;

namespace SyncFlow.Core.Buffers;

/// <summary>How many units of fast, medium or slow sellers are never shown: exactly one of the three ways is named.</summary>
/// <param name="Name">What people call it; unique in its policy.</param>
/// <param name="From">Units sold per day, over all locations, from which a SKU belongs to it; 0 for the slowest tier.</param>
public sealed record BufferTier(string Name, decimal From)
{
    /// <summary>So many units per location.</summary>
    public int? Units { get; init; }

    /// <summary>Percent of what is available at a location, 0 to 100.</summary>
    public decimal? Percent { get; init; }

    /// <summary>What the location sells in so many days.</summary>
    public decimal? Days { get; init; }

    /// <summary>The buffer of a pool in this tier.</summary>
    /// <param name="perDay">Units that its location sells of the SKU per day, ≥ 0.</param>
    public TierBuffer Of(decimal perDay) => new(Name, perDay)
    {
        Units = Days is { } days ? (int)Math.Min(BufferChecks.MostUnits, Math.Ceiling(days * perDay)) : Units,
        Percent = Percent,
        Days = Days,
    };
}

/// <summary>A tenant's buffers by how fast SKUs sell.</summary>
/// <param name="Version">Rises with every change.</param>
/// <param name="Tiers">Slowest first; their thresholds ascend from 0.</param>
public sealed record BufferPolicy(int Version, ImmutableArray<BufferTier> Tiers)
{
    /// <summary>
    /// A SKU falls to a slower tier only when it sells less than this part of the threshold: one that sells about as much
    /// as a threshold says stays where it is.
    /// </summary>
    public const decimal Hysteresis = 0.9m;

    /// <summary>The tier of a SKU.</summary>
    /// <param name="perDay">Units sold per day over all locations, ≥ 0.</param>
    /// <param name="before">Its tier by this same policy until now; null where it had none.</param>
    public BufferTier TierOf(decimal perDay, string? before)
    {
        var (reached, kept) = (0, 0);
        for (var i = 0; i < Tiers.Length; i++)
        {
            reached = perDay >= Tiers[i].From ? i : reached;
            kept = Tiers[i].Name == before ? i : kept;
        }

        while (kept > reached && perDay < Tiers[kept].From * Hysteresis)
        {
            kept--;
        }

        return Tiers[Math.Max(reached, kept)];
    }
}
