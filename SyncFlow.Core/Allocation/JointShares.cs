using System.Collections.Immutable;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>SKUs that sell from the same pools.</summary>
/// <param name="Sku">Which.</param>
/// <param name="Weight">How fast it sells, beside the others.</param>
/// <param name="Uses">What one unit of it takes.</param>
internal sealed record JointClaim(SkuId Sku, double Weight, ImmutableArray<Component> Uses);

/// <summary>
/// Shares parts between kits and singles: units of each SKU such that all of them together can be made of what there
/// is. Everybody rises in proportion to its weight until a part runs out; who does not need that part rises on.
/// </summary>
internal static class JointShares
{
    /// <summary>Units per claim. Fractions go to the largest, ties to who takes more parts: a kit before its parts.</summary>
    /// <param name="claims">Who wants; each uses parts that are in <paramref name="free"/>.</param>
    /// <param name="free">Units of each part, ≥ 0; used up on the way.</param>
    public static int[] Assign(IReadOnlyList<JointClaim> claims, Dictionary<SkuId, int> free)
    {
        if (claims.Count == 1)
        {
            return [Most(claims[0].Uses, free)];
        }

        var units = new int[claims.Count];
        var active = Enumerable.Range(0, claims.Count).Where(i => Fits(claims[i], 1, free)).ToList();
        while (active.Count > 0)
        {
            var level = free.Min(part => Level(part, claims, active));
            foreach (var i in active)
            {
                Give(i, (int)Math.Floor((level * claims[i].Weight) + 1e-9));
            }

            var given = false;
            foreach (var i in active
                .OrderByDescending(i => Math.Round(Fraction(level * claims[i].Weight), 9))
                .ThenByDescending(i => claims[i].Uses.Sum(u => u.Units)).ThenBy(i => claims[i].Sku.Value))
            {
                if (Fits(claims[i], 1, free))
                {
                    Give(i, 1);
                    given = true;
                }
            }

            active.RemoveAll(i => !given || !Fits(claims[i], 1, free));
        }

        return units;

        void Give(int i, int more)
        {
            units[i] += more;
            foreach (var use in claims[i].Uses)
            {
                free[use.Sku] -= more * use.Units;
            }
        }
    }

    /// <summary>How many units can be made.</summary>
    public static int Most(ImmutableArray<Component> uses, Dictionary<SkuId, int> free)
    {
        var most = int.MaxValue;
        foreach (var use in uses)
        {
            most = Math.Min(most, Math.Max(0, free.GetValueOrDefault(use.Sku)) / use.Units);
        }

        return most;
    }

    private static double Level(KeyValuePair<SkuId, int> part, IReadOnlyList<JointClaim> claims, List<int> active)
    {
        var demand = active.Sum(i => claims[i].Weight * claims[i].Uses.Where(u => u.Sku == part.Key).Sum(u => u.Units));
        return demand > 0 ? part.Value / demand : double.PositiveInfinity;
    }

    private static bool Fits(JointClaim claim, int units, Dictionary<SkuId, int> free) =>
        claim.Uses.All(u => free[u.Sku] >= units * u.Units);

    private static double Fraction(double exact) => exact - Math.Floor(exact + 1e-9);
}
