using System.Collections.Immutable;

namespace SyncFlow.Core.Billing;

/// <summary>A plan that is offered. Plans are configuration; nothing else knows their names.</summary>
/// <param name="Id">Stable, for example <c>starter</c>.</param>
/// <param name="Name">For people, and the subscription's name on Shopify, by which it is found again.</param>
/// <param name="MaxStores">Stores that may be connected.</param>
/// <param name="SyncsPerMonth">Acknowledged level writes a calendar month (UTC) that the price includes.</param>
/// <param name="MonthlyPrice">Per 30 days.</param>
/// <param name="Overage">What more costs; null where more is not sold.</param>
public sealed record BillingPlan(string Id, string Name, int MaxStores, long SyncsPerMonth, decimal MonthlyPrice, Overage? Overage)
{
    /// <summary>Syncs a month that a subscription allows, what its cap pays for included.</summary>
    /// <param name="cap">The most the merchant agreed to pay beyond the price; null where no usage line was agreed.</param>
    public long Allowed(decimal? cap) =>
        Overage is { } more && cap is { } most ? SyncsPerMonth + ((long)decimal.Floor(most / more.BlockPrice) * more.BlockSyncs) : SyncsPerMonth;

    /// <summary>Blocks beyond the price that a number of syncs has begun.</summary>
    public long Blocks(long used) =>
        Overage is { } more && used > SyncsPerMonth ? (used - SyncsPerMonth + more.BlockSyncs - 1) / more.BlockSyncs : 0;
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
