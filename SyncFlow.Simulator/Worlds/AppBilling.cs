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

    public DateTimeOffset? PeriodEnd { get; set; }

    /// <summary>Id and price of the recurring line; null without one.</summary>
    public (long Id, decimal Price)? Recurring { get; init; }

    /// <summary>Id, cap and terms of the usage line; null without one.</summary>
    public (long Id, decimal Cap, string Terms)? Usage { get; init; }

    public List<AppUsageRecord> Records { get; init; } = [];

    /// <summary>Charged to the usage line in this period.</summary>
    public decimal Used => Records.Sum(record => record.Price);
}

/// <summary>The app's subscriptions in one shop, by Shopify's rules. The caller holds the shop's gate.</summary>
public sealed class AppBilling
{
    /// <summary>How long a merchant may take to approve.</summary>
    public static readonly TimeSpan ApprovalLife = TimeSpan.FromDays(2);

    private static readonly TimeSpan Period = TimeSpan.FromDays(30);

    /// <summary>All there ever were, the oldest first.</summary>
    public List<AppSubscription> Subscriptions { get; } = [];

    /// <summary>Marks as expired what nobody approved in time.</summary>
    public void Expire(DateTimeOffset now)
    {
        foreach (var one in Subscriptions.Where(s => s.Status == "PENDING" && now >= s.CreatedAt + ApprovalLife))
        {
            one.Status = "EXPIRED";
        }
    }

    /// <summary>The merchant approves: the one before ends. False where it is not there to be approved.</summary>
    public bool Approve(long id, DateTimeOffset now)
    {
        Expire(now);
        if (Subscriptions.Find(s => s.Id == id) is not { Status: "PENDING" } chosen)
        {
            return false;
        }

        foreach (var before in Subscriptions.Where(s => s.Status is "ACTIVE" or "FROZEN"))
        {
            (before.Status, before.PeriodEnd) = ("CANCELLED", null);
        }

        (chosen.Status, chosen.PeriodEnd) = ("ACTIVE", now + TimeSpan.FromDays(chosen.TrialDays) + Period);
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

        if (subscription.Used + price > usage.Cap)
        {
            return (null, "Total price exceeds balance remaining");
        }

        var record = new AppUsageRecord(newId(), line, price, description, key, now);
        subscription.Records.Add(record);
        return (record, "");
    }
}
