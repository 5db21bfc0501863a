namespace SyncFlow.Core.Allocation;

/// <summary>Shares by weight between a least and a most for each.</summary>
internal static class BoundedShares
{
    /// <summary>
    /// Shares units by weight; who would get less than its least gets that, who would get more than its most gets that,
    /// and the others share what is left. The sum is exact unless everybody is at its most.
    /// </summary>
    /// <param name="units">Units to share; the leasts together are no more.</param>
    /// <param name="weights">By whom.</param>
    /// <param name="least">Least of each, no more than its most.</param>
    /// <param name="most">Most of each.</param>
    public static int[] Share(int units, double[] weights, int[] least, int[] most)
    {
        var capped = new bool[weights.Length];
        while (true)
        {
            var shares = WithLeasts(units, weights, least, most, capped);
            var over = false;
            for (var i = 0; i < shares.Length; i++)
            {
                if (!capped[i] && shares[i] > most[i])
                {
                    (capped[i], over) = (true, true);
                }
            }

            if (!over)
            {
                return shares;
            }
        }
    }

    private static int[] WithLeasts(int units, double[] weights, int[] least, int[] most, bool[] capped)
    {
        var held = new bool[weights.Length];
        while (true)
        {
            var left = units;
            var free = new List<int>(weights.Length);
            var shares = new int[weights.Length];
            for (var i = 0; i < weights.Length; i++)
            {
                if (capped[i] || held[i])
                {
                    shares[i] = capped[i] ? most[i] : least[i];
                    left -= shares[i];
                }
                else
                {
                    free.Add(i);
                }
            }

            var given = LargestRemainder.Share(Math.Max(0, left), [.. free.Select(i => weights[i])]);
            var under = false;
            for (var n = 0; n < free.Count; n++)
            {
                shares[free[n]] = given[n];
                if (given[n] < least[free[n]])
                {
                    (held[free[n]], under) = (true, true);
                }
            }

            if (!under)
            {
                return shares;
            }
        }
    }
}
