using System.Collections.Immutable;

namespace SyncFlow.Core.Billing;

/// <summary>A plan that is offered. Plans are configuration; nothing else knows their names.</summary>
/// <param name="Id">Stable, for example <c>starter</c>.</param>
/// <param name="Name">For people, and the subscription's name on Shopify, by which it is found again.</param>
/// <param name="MaxStores">Stores that may be connected.</param>
/// <param name="SyncsPerMonth">Acknowledged level writes a period of 30 days that the price includes.</param>
/// <param name="MonthlyPrice">Per 30 days.</param>
/// <param name="Overage">What more costs; null where more is not sold.</param>
public sealed record BillingPlan(string Id, string Name, int MaxStores, long SyncsPerMonth, decimal MonthlyPrice, Overage? Overage)
{
    /// <summary>The most that a plan may weigh.</summary>
    public const int MostWeight = 16;

    /// <summary>
    /// Its weight at the queues that merchants share, from 1 to <see cref="MostWeight"/>: with backlogs, a merchant has so
    /// many batches for each of one that weighs 1.
    /// </summary>
    public int Weight { get; init; } = 1;

    /// <summary>Syncs of a period that a subscription allows, what its cap pays for included.</summary>
    /// <param name="cap">The most the merchant agreed to pay beyond the price; null where no usage line was agreed.</param>
    /// <param name="usage">What other subscriptions before it in the same period covered, and were charged: one cap holds for all.</param>
    public long Allowed(decimal? cap, PeriodUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        return CoveredTo(usage.Base) + (Affordable(cap, usage.Spent) * (Overage?.BlockSyncs ?? 0));
    }

    /// <summary>Blocks that a cap pays for.</summary>
    /// <param name="spent">What was charged in the period before this subscription.</param>
    public long Affordable(decimal? cap, decimal spent) =>
        Overage is { } more && cap is { } most ? (long)decimal.Floor(Math.Max(0, most - spent) / more.BlockPrice) : 0;

    /// <summary>Blocks beyond the price that the use of a period has begun.</summary>
    public long Blocks(PeriodUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var free = CoveredTo(usage.Base);
        return Overage is { } more && usage.Used > free ? (usage.Used - free + more.BlockSyncs - 1) / more.BlockSyncs : 0;
    }

    /// <summary>
    /// The base of the subscription that takes this one's place in the middle of a period. What was paid for and not yet
    /// used is used up first, what a larger plan included while it was in force is not charged afterwards, and use that
    /// nothing paid for (in the grace) is not forgiven.
    /// </summary>
    /// <param name="usage">Of this plan's subscription, up to its end.</param>
    /// <param name="charged">Blocks that were charged to it.</param>
    public long BaseAfter(PeriodUsage usage, long charged)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var free = CoveredTo(usage.Base);
        return charged > 0 ? free + (charged * (Overage?.BlockSyncs ?? 0)) : Math.Min(usage.Used, free);
    }

    private long CoveredTo(long before) => Math.Max(SyncsPerMonth, before);
}

/// <summary>What syncs beyond a plan cost.</summary>
/// <param name="BlockSyncs">Syncs sold at a time, &gt; 0.</param>
/// <param name="BlockPrice">Of a block, &gt; 0.</param>
/// <param name="Cap">The cap that is proposed to a merchant.</param>
public sealed record Overage(int BlockSyncs, decimal BlockPrice, decimal Cap);

/// <summary>What is offered, and how long a merchant has.</summary>
/// <param name="Plans">From the smallest to the largest; at least one.</param>
/// <param name="Currency">Of all prices, for example <c>USD</c>.</param>
/// <param name="TrialDays">Free days before a plan is paid.</param>
/// <param name="GraceDays">Days after a lapse or a full month before increases stop.</param>
public sealed record BillingTerms(ImmutableArray<BillingPlan> Plans, string Currency, int TrialDays, int GraceDays)
{
    /// <summary>The plan of an id; a plan that is offered no more counts as the largest, so that nobody loses what was paid for.</summary>
    public BillingPlan PlanOf(string id) => Plans.FirstOrDefault(plan => plan.Id == id) ?? Plans[^1];
}
