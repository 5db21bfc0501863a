namespace SyncFlow.Core.Allocation;

/// <summary>
/// Which of the levels at a location give and take units in guard: first what cannot be kept goes, then what nobody shows
/// is given out, then units move to those that are short of cover.
/// </summary>
internal static class QuotaMoves
{
    /// <summary>Sets what each level is to show.</summary>
    /// <param name="wishes">What each shows once its push on the way has arrived, and its share.</param>
    /// <param name="free">Units of each part that there are for them.</param>
    /// <param name="guarded">Whether guard is in force already; while it is entered there are decreases only.</param>
    public static void Make(List<Quota> wishes, Dictionary<SkuId, int> free, bool guarded)
    {
        var tooMuch = false;
        foreach (var (part, units) in free)
        {
            var over = ShownOf(part, wishes) - units;
            Cut(wishes, part, over);
            tooMuch |= over > 0;
        }

        foreach (var quota in wishes)
        {
            quota.Units = quota.Strict && quota.Shown > quota.Share ? quota.Share : quota.Units;
        }

        // Units move between channels when nothing is amiss.
        if (guarded && !tooMuch)
        {
            GiveOut(wishes, free);
            Rebalance(wishes, free);
        }
    }

    /// <summary>Too much is shown of a part: whoever is furthest above its share gives first.</summary>
    private static void Cut(List<Quota> wishes, SkuId part, int units)
    {
        if (units <= 0)
        {
            return;
        }

        foreach (var quota in wishes.Where(q => q.TakenOf(part) > 0).OrderByDescending(q => q.Units - q.Share))
        {
            var taken = quota.TakenOf(part);
            var given = Math.Min((Math.Max(0, units) + taken - 1) / taken, Math.Max(0, quota.Shown - quota.Share));
            quota.Units -= given;
            units -= given * taken;
        }
    }

    /// <summary>Units nobody shows go to whoever is furthest below its share.</summary>
    private static void GiveOut(List<Quota> wishes, Dictionary<SkuId, int> free)
    {
        var below = wishes.FindAll(q => q.Share > q.Shown);
        if (below.Count == 0)
        {
            return;
        }

        var spare = free.ToDictionary(f => f.Key, f => f.Value - ShownOf(f.Key, wishes));
        foreach (var quota in below.OrderByDescending(q => q.Share - q.Units))
        {
            var taken = Math.Min(JointShares.Most(quota.Uses, spare), quota.Share - quota.Shown);
            if (taken > 0)
            {
                quota.Units = quota.Shown + taken;
                foreach (var use in quota.Uses)
                {
                    spare[use.Sku] -= taken * use.Units;
                }
            }
        }
    }

    /// <summary>A channel that is short of cover is helped by those above their share: they go down now, it rises after proof.</summary>
    private static void Rebalance(List<Quota> wishes, Dictionary<SkuId, int> free)
    {
        foreach (var (part, units) in free)
        {
            var needed = 0;
            foreach (var quota in wishes)
            {
                needed += quota.Short ? (quota.Share - quota.Shown) * quota.TakenOf(part) : 0;
            }

            if (needed > 0)
            {
                Cut(wishes, part, needed - (units - ShownOf(part, wishes)));
            }
        }
    }

    /// <summary>Units of a part that all of them may sell.</summary>
    private static int ShownOf(SkuId part, List<Quota> wishes)
    {
        var units = 0;
        foreach (var quota in wishes)
        {
            units += quota.Shown * quota.TakenOf(part);
        }

        return units;
    }
}
