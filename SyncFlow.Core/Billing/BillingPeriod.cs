namespace SyncFlow.Core.Billing;

/// <summary>
/// Thirty days that a merchant is billed for. Shopify bills apps so, and a plan that takes another's place keeps the
/// period (shopify.dev, "About billing for your app": upgrades and downgrades). Periods follow each other without a gap.
/// </summary>
/// <param name="Start">Its first moment.</param>
public readonly record struct BillingPeriod(DateTimeOffset Start)
{
    /// <summary>How long each is.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromDays(30);

    /// <summary>After this long all pushes of a period are settled and counted.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromDays(2);

    /// <summary>An end that is told this much earlier or later is the same one.</summary>
    private static readonly TimeSpan SameEnd = TimeSpan.FromDays(1);

    /// <summary>The first moment after it.</summary>
    public DateTimeOffset End => Start + Length;

    /// <summary>The period that holds a moment.</summary>
    /// <param name="anchor">Where one of the periods begins or ends; before or after the moment.</param>
    public static BillingPeriod Of(DateTimeOffset anchor, DateTimeOffset at) =>
        new(anchor + (Length * Math.Floor((at - anchor) / Length)));

    /// <summary>The anchor after a provider told when a period ends: the one that was, unless the end is another.</summary>
    public static DateTimeOffset Anchor(DateTimeOffset was, DateTimeOffset told)
    {
        var beyond = told - Of(was, told).Start;
        return beyond < SameEnd || Length - beyond < SameEnd ? was : told;
    }

    /// <summary>
    /// The periods whose use is charged now: this one, and for its first two days the one before, whose last pushes are
    /// settled and counted only after its end.
    /// </summary>
    public static IEnumerable<BillingPeriod> ToCharge(DateTimeOffset anchor, DateTimeOffset now)
    {
        var present = Of(anchor, now);
        return now - present.Start < Afterwards ? [new BillingPeriod(present.Start - Length), present] : [present];
    }
}
