namespace SyncFlow.Core.Counts;

/// <summary>How often a SKU is counted: by how fast it sells.</summary>
public enum CountTier : short
{
    /// <summary>The fastest fifth of what sells.</summary>
    Fast = 1,

    /// <summary>The next three tenths.</summary>
    Medium = 2,

    /// <summary>All others, and what does not sell.</summary>
    Slow = 3,
}

/// <summary>Cycle counting by velocity.</summary>
public static class CountTiers
{
    /// <summary>The part of selling SKUs that is fast.</summary>
    public const double FastPart = 0.2;

    /// <summary>The part of selling SKUs that is fast or medium.</summary>
    public const double MediumPart = 0.5;

    /// <summary>The tier of a SKU.</summary>
    /// <param name="faster">The part of all SKUs that sell faster, 0 to 1.</param>
    /// <param name="sells">Whether it sells at all.</param>
    public static CountTier Of(double faster, bool sells) => !sells
        ? CountTier.Slow
        : faster < FastPart ? CountTier.Fast : faster < MediumPart ? CountTier.Medium : CountTier.Slow;

    /// <summary>Days after which a tier is counted again.</summary>
    public static int DaysOf(CountTier tier) => tier switch
    {
        CountTier.Fast => 7,
        CountTier.Medium => 30,
        CountTier.Slow => 90,
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "There is no such tier."),
    };
}
