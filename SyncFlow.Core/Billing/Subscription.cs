namespace SyncFlow.Core.Billing;

/// <summary>State of a subscription. The numbers are stored; they never change meaning.</summary>
public enum SubscriptionStatus : short
{
    /// <summary>Offered; the merchant has not approved it yet.</summary>
    Pending = 1,

    /// <summary>Approved, and paid or in its trial.</summary>
    Active = 2,

    /// <summary>The merchant declined it.</summary>
    Declined = 3,

    /// <summary>Nobody approved it in time.</summary>
    Expired = 4,

    /// <summary>On hold because the merchant does not pay Shopify; it comes back by itself.</summary>
    Frozen = 5,

    /// <summary>Ended: by the merchant, by us, by an uninstall, or because another one took its place.</summary>
    Cancelled = 6,
}

/// <summary>A subscription as its provider last told it.</summary>
/// <param name="ExternalId">The provider's id.</param>
/// <param name="Plan">Id of the plan.</param>
/// <param name="StatusSince">When it came into its status, as far as we know.</param>
/// <param name="TrialEndsAt">When its trial ends; null without one.</param>
/// <param name="PeriodEndsAt">When the paid period ends; null while it is not active.</param>
/// <param name="Test">Whether nobody is charged.</param>
/// <param name="UsageLine">The provider's id of the line that usage is charged to; null without one.</param>
/// <param name="Cap">The most that may be charged there in a period.</param>
public sealed record Subscription(
    string ExternalId, string Plan, SubscriptionStatus Status, DateTimeOffset StatusSince, DateTimeOffset? TrialEndsAt,
    DateTimeOffset? PeriodEndsAt, bool Test, string? UsageLine, decimal? Cap);

/// <summary>Use of a period of 30 days.</summary>
/// <param name="Used">Syncs so far.</param>
/// <param name="FullSince">When the allowed number was first reached; null while it is not.</param>
/// <param name="Base">Up to where subscriptions before the present one covered it; 0 where there was none in the period.</param>
/// <param name="Spent">What was charged to those.</param>
public sealed record PeriodUsage(long Used, DateTimeOffset? FullSince, long Base = 0, decimal Spent = 0);
