namespace SyncFlow.Simulator.Worlds;

/// <summary>A charge made for use.</summary>
public sealed record AppUsageRecord(long Id, long LineId, decimal Price, string Description, string? Key, DateTimeOffset At);

/// <summary>An app's subscription, as Shopify keeps it. Money is in one currency.</summary>
public sealed class AppSubscription
{
    public required long Id { get; init; }
    public required string Name { get; init; }
    public required string ReturnUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required int TrialDays { get; init; }
    public required bool Test { get; init; }
    public required string Currency { get; init; }

    /// <summary>PENDING, ACTIVE, DECLINED, EXPIRED, FROZEN or CANCELLED.</summary>
    public string Status { get; set; } = "PENDING";

    /// <summary>When the paid period ends, or ended where another subscription took this one's place.</summary>
    public DateTimeOffset? PeriodEnd { get; set; }

    /// <summary>Id and price of the recurring line; null without one.</summary>
    public (long Id, decimal Price)? Recurring { get; init; }

    /// <summary>Id, cap and terms of the usage line; null without one.</summary>
    public (long Id, decimal Cap, string Terms)? Usage { get; init; }

    public List<AppUsageRecord> Records { get; init; } = [];
}

/// <summary>The app's subscriptions in one shop, by Shopify's rules. The caller holds the shop's gate.</summary>
public sealed class AppBilling
{
    /// <summary>How long a merchant may take to approve.</summary>
    public static readonly TimeSpan ApprovalLife = TimeSpan.FromDays(2);

    /// <summary>How long apps bill for at a time.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromDays(30);

    /// <summary>All there ever were, the oldest first.</summary>
    public List<AppSubscription> Subscriptions { get; } = [];

    /// <summary>Marks as expired what nobody approved in time, and moves the paid period on.</summary>
    public void Advance(DateTimeOffset now)
    {
        foreach (var one in Subscriptions.Where(s => s.Status == "ACTIVE"))
        {
            while (one.PeriodEnd <= now)
            {
                one.PeriodEnd += Period;
            }
        }

        foreach (var one in Subscriptions.Where(s => s.Status == "PENDING" && now >= s.CreatedAt + ApprovalLife))
        {
            one.Status = "EXPIRED";
        }
    }

    /// <summary>
    /// Charged for use in the period of a moment, by all subscriptions: the running total of the whole billing cycle
    /// (shopify.dev/changelog, changes to balance_used, 2022-07).
    /// </summary>
    public decimal Used(DateTimeOffset now)
    {
        var start = CycleEnd(now) - Period;
        while (start > now)
        {
            start -= Period; // In the trial, which comes before the first 30 days.
        }

        return Subscriptions.SelectMany(s => s.Records).Where(record => !(record.At < start)).Sum(record => record.Price);
    }

    /// <summary>
    /// The merchant approves: the one before ends, and the new one takes over its 30 days (shopify.dev, "About billing for
    /// your app"). False where it is not there to be approved.
    /// </summary>
    public bool Approve(long id, DateTimeOffset now)
    {
        Advance(now);
        if (Subscriptions.Find(s => s.Id == id) is not { Status: "PENDING" } chosen)
        {
            return false;
        }

        var end = CycleEnd(now) ?? now + TimeSpan.FromDays(chosen.TrialDays) + Period;
        foreach (var before in Subscriptions.Where(s => s.Status is "ACTIVE" or "FROZEN"))
        {
            before.Status = "CANCELLED";
        }

        (chosen.Status, chosen.PeriodEnd) = ("ACTIVE", end);
        return true;
    }

    /// <summary>Moves a subscription from one status to another; false where it is in none of the first.</summary>
    public bool Move(long id, string[] from, string to)
    {
        if (Subscriptions.Find(s => s.Id == id) is not { } found || !from.Contains(found.Status))
        {
            return false;
        }

        found.Status = to;
        return true;
    }

    /// <summary>
    /// Charges use; null and a message where it is refused. The same key again charges nothing and answers the first record.
    /// </summary>
    public (AppUsageRecord? Record, string Refusal) Charge(long line, decimal price, string description, string? key, Func<long> newId, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(newId);
        if (Subscriptions.Find(s => s.Usage?.Id == line) is not { Status: "ACTIVE", Usage: { } usage } subscription)
        {
            return (null, "Subscription line item does not exist or is not active");
        }

        if (key is not null && subscription.Records.Find(record => record.Key == key) is { } made)
        {
            return (made, "");
        }

        if (price <= 0)
        {
            return (null, "Price must be greater than 0");
        }

        if (Used(now) + price > usage.Cap)
        {
            return (null, "Total price exceeds balance remaining");
        }

        var record = new AppUsageRecord(newId(), line, price, description, key, now);
        subscription.Records.Add(record);
        return (record, "");
    }

    /// <summary>The end of the 30 days that hold a moment; null where nothing was ever approved.</summary>
    private DateTimeOffset? CycleEnd(DateTimeOffset now)
    {
        var end = Subscriptions.Max(s => s.PeriodEnd);
        while (end <= now)
        {
            end += Period;
        }

        return end;
    }
}
