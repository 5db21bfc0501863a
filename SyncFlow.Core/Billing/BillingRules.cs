using System.Collections.Immutable;

namespace SyncFlow.Core.Billing;

/// <summary>How a merchant stands. The numbers are stored; they never change meaning.</summary>
public enum BillingStanding : short
{
    /// <summary>Nothing is paid yet.</summary>
    Trial = 1,

    /// <summary>Paid.</summary>
    Active = 2,

    /// <summary>Lapsed or full, and everything still works until a moment.</summary>
    Grace = 3,

    /// <summary>Increases and extras have stopped. Decreases flow as ever (rule R1).</summary>
    Stopped = 4,
}

/// <summary>What a merchant may do now.</summary>
/// <param name="Standing">How he stands.</param>
/// <param name="Plan">The plan whose limits hold.</param>
/// <param name="Allowed">Syncs a period, overage within the cap included.</param>
/// <param name="Until">When the trial or the grace ends; null for neither.</param>
/// <param name="Why">For people: what ran out; null while nothing did.</param>
public sealed record Entitlement(BillingStanding Standing, BillingPlan Plan, long Allowed, DateTimeOffset? Until, string? Why)
{
    /// <summary>
    /// Whether levels may be raised, and stores added. Nothing else ever hangs on billing: what lowers a level, counts
    /// units, or shows them goes on, so billing never causes an oversell.
    /// </summary>
    public bool MayGrow => Standing != BillingStanding.Stopped;
}

/// <summary>What billing allows, as functions of what the provider told and what was counted.</summary>
public static class BillingRules
{
    /// <summary>Shares of the included syncs, in percent, at which a merchant is told.</summary>
    public static ImmutableArray<int> WarnAt { get; } = [80, 90, 100];

    /// <summary>What a merchant may do now.</summary>
    /// <param name="terms">What is offered.</param>
    /// <param name="since">When the merchant's account was made: its trial runs from there while there was no subscription.</param>
    /// <param name="subscriptions">All there ever were.</param>
    /// <param name="usage">Of this period.</param>
    /// <param name="now">Our clock.</param>
    public static Entitlement Decide(
        BillingTerms terms, DateTimeOffset since, IReadOnlyList<Subscription> subscriptions, PeriodUsage usage, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(subscriptions);
        ArgumentNullException.ThrowIfNull(usage);
        var known = subscriptions.Where(s => s.Status is not (SubscriptionStatus.Pending or SubscriptionStatus.Declined or SubscriptionStatus.Expired)).ToList();
        if (known.Where(s => s.Status == SubscriptionStatus.Active).MaxBy(s => s.StatusSince) is { } active)
        {
            var plan = terms.PlanOf(active.Plan);
            var trial = active.TrialEndsAt > now;
            return Full(
                new Entitlement(
                    trial ? BillingStanding.Trial : BillingStanding.Active, plan,
                    plan.Allowed(active.UsageLine is null ? null : active.Cap, usage), trial ? active.TrialEndsAt : null, null),
                terms, usage, now);
        }

        if (known.MaxBy(s => s.StatusSince) is { } ended)
        {
            var plan = terms.PlanOf(ended.Plan);
            var frozen = ended.Status == SubscriptionStatus.Frozen;
            return After(plan, plan.SyncsPerMonth, ended.StatusSince, frozen ? "The subscription is frozen: Shopify was not paid." : "The subscription has ended.", terms, now);
        }

        var first = terms.Plans[0];
        var trialEnds = since + TimeSpan.FromDays(terms.TrialDays);
        return now < trialEnds
            ? Full(new Entitlement(BillingStanding.Trial, first, first.SyncsPerMonth, trialEnds, null), terms, usage, now)
            : After(first, first.SyncsPerMonth, trialEnds, "The trial is over and no plan was chosen.", terms, now);
    }

    /// <summary>The warnings that a number of syncs has reached, in percent of what the plan includes.</summary>
    public static IEnumerable<int> Reached(long used, long included) => WarnAt.Where(percent => used * 100 >= included * percent);

    private static Entitlement Full(Entitlement paid, BillingTerms terms, PeriodUsage usage, DateTimeOffset now) =>
        usage.Used < paid.Allowed
            ? paid
            : After(paid.Plan, paid.Allowed, usage.FullSince ?? now, $"All {paid.Allowed} syncs of this period are used.", terms, now);

    private static Entitlement After(BillingPlan plan, long allowed, DateTimeOffset lapsedAt, string why, BillingTerms terms, DateTimeOffset now)
    {
        var ends = lapsedAt + TimeSpan.FromDays(terms.GraceDays);
        return now < ends
            ? new Entitlement(BillingStanding.Grace, plan, allowed, ends, why)
            : new Entitlement(BillingStanding.Stopped, plan, allowed, null, why);
    }
}
