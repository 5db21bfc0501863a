namespace SyncFlow.Core.Counts;

/// <summary>Which variances a person looks at before they are booked.</summary>
public static class CountReview
{
    /// <summary>Percent of what was expected up to which a variance is booked without a look, unless a sheet says otherwise.</summary>
    public const int DefaultPercent = 5;

    /// <summary>Whether a variance is larger than a percentage of what was expected.</summary>
    /// <param name="expected">Units the ledger had.</param>
    /// <param name="counted">Units that were there.</param>
    /// <param name="percent">0 to 100.</param>
    public static bool IsNeeded(int expected, int counted, int percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(percent);
        var variance = Math.Abs((long)counted - expected);
        return variance * 100 > (long)percent * Math.Max(0, expected);
    }

    /// <summary>The variance as a percentage of what was expected, one decimal; null where nothing was expected.</summary>
    public static decimal? PercentOf(int expected, int counted) => expected <= 0
        ? null
        : Math.Round(((decimal)counted - expected) * 100 / expected, 1);
}
