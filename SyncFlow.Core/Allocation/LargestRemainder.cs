using System.Collections.Immutable;
using System.Runtime.InteropServices;

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

        if (weights.Count == 1)
        {
            return [units];
        }

        var total = weights.Sum();
        var shares = new int[weights.Count];
        var fractions = new double[weights.Count];
        var given = 0;
        for (var i = 0; i < weights.Count; i++)
        {
            var weight = total > 0 ? weights[i] / total : 1.0 / weights.Count;
            var exact = units * weight;
            shares[i] = (int)Math.Floor(exact + 1e-9);
            fractions[i] = Math.Round(exact - shares[i], 9);
            given += shares[i];
        }

        for (var most = shares.Length; given < units && most > 0; given++, most--)
        {
            var largest = Largest(fractions);
            shares[largest]++;
            fractions[largest] = double.NegativeInfinity;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(shares);
    }

    /// <summary>Where the largest is, the first of equals.</summary>
    private static int Largest(double[] fractions)
    {
        var largest = 0;
        for (var i = 1; i < fractions.Length; i++)
        {
            largest = fractions[i] > fractions[largest] ? i : largest;
        }

        return largest;
    }
}
