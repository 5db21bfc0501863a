using System.Collections.Immutable;

namespace SyncFlow.Core.Allocation;

/// <summary>Shares whole units by weight so that they always sum exactly (Hamilton's method).</summary>
public static class LargestRemainder
{
    /// <summary>
    /// Shares <paramref name="units"/> by <paramref name="weights"/>: each gets the floor of its exact share, the rest
    /// goes to the largest fractions, ties to the earlier position. Deterministic.
    /// </summary>
    /// <param name="units">Units to share, ≥ 0.</param>
    /// <param name="weights">Weights ≥ 0; when all are zero they count as equal.</param>
    public static ImmutableArray<int> Share(int units, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        if (weights.Count == 0)
        {
            return [];
        }

        var total = weights.Sum();
        var shares = new int[weights.Count];
        var fractions = new (double Fraction, int Index)[weights.Count];
        var given = 0;
        for (var i = 0; i < weights.Count; i++)
        {
            var weight = total > 0 ? weights[i] / total : 1.0 / weights.Count;
            var exact = units * weight;
            shares[i] = (int)Math.Floor(exact + 1e-9);
            fractions[i] = (exact - shares[i], i);
            given += shares[i];
        }

        foreach (var (_, index) in fractions
            .OrderByDescending(f => Math.Round(f.Fraction, 9)).ThenBy(f => f.Index).Take(Math.Max(0, units - given)))
        {
            shares[index]++;
        }

        return [.. shares];
    }
}
