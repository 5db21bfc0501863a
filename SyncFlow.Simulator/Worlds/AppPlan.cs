namespace SyncFlow.Simulator.Worlds;

/// <summary>Use that the app told of.</summary>
/// <param name="Key">The app's; counts once for ever.</param>
/// <param name="At">When it was, by the app.</param>
/// <param name="Refused">Why it is not billed; null where it is.</param>
public sealed record AppMeterEvent(string Key, long Value, DateTimeOffset At, string? Refused);

/// <summary>
/// A shop's plan under Shopify App Pricing, and the use that was metered, by the rules that Shopify documents (Partner API
/// 2026-07, ActiveSubscription; App Events API, "Create an event"). The caller holds the shop's gate.
/// </summary>
public sealed class AppPlan
{
    /// <summary>Handle of the plan; null where the merchant has chosen none.</summary>
    public string? Handle { get; set; }

    public DateTimeOffset? TrialEndsAt { get; set; }

    /// <summary>Where one of the billing cycles of 30 days begins; null before the first plan.</summary>
    public DateTimeOffset? Anchor { get; set; }

    /// <summary>Everything told to the meter, also what is not billed.</summary>
    public List<AppMeterEvent> Events { get; init; } = [];

    /// <summary>The merchant chooses a plan on Shopify's page. The first begins with its trial; a later one keeps the cycle.</summary>
    public void Choose(string handle, int trialDays, DateTimeOffset now)
    {
        Handle = handle;
        Anchor ??= now + TimeSpan.FromDays(trialDays);
        TrialEndsAt ??= Anchor;
    }

    /// <summary>The billing cycle of a moment; null without a plan, and in the trial.</summary>
    public (DateTimeOffset Start, DateTimeOffset End)? Cycle(DateTimeOffset now)
    {
        if (Handle is null || Anchor is not { } start || now < start)
        {
            return null;
        }

        while (now >= start + AppBilling.Period)
        {
            start += AppBilling.Period;
        }

        return (start, start + AppBilling.Period);
    }

    /// <summary>The meter is told; the same key again answers as the first time and counts nothing.</summary>
    public AppMeterEvent Tell(string key, long value, DateTimeOffset at, DateTimeOffset now)
    {
        if (Events.Find(told => told.Key == key) is { } before)
        {
            return before;
        }

        var refused = Cycle(now) is not { } cycle ? "the shop has no billing cycle"
            : at < cycle.Start || at >= cycle.End ? $"the event lies outside the cycle {cycle.Start:O} to {cycle.End:O}"
            : null;
        var told = new AppMeterEvent(key, value, at, refused);
        Events.Add(told);
        return told;
    }
}
