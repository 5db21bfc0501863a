using System.Globalization;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Explaining;

/// <summary>Words for what the ledger says in codes.</summary>
public static class Words
{
    /// <summary>A sentence with numbers and times as the invariant culture writes them.</summary>
    public static string Of(FormattableString text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A moment beside another: its time, with its day where that is another one. UTC.</summary>
    public static string Time(DateTimeOffset at, DateTimeOffset beside) => at.UtcDateTime.ToString(
        at.UtcDateTime.Date == beside.UtcDateTime.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A count of units.</summary>
    public static string Units(long units) => units is 1 or -1 ? Of($"{units} unit") : Of($"{units} units");

    /// <summary>So many of a thing whose plural takes an s.</summary>
    public static string Count(int count, string thing) => count == 1 ? Of($"1 {thing}") : Of($"{count} {thing}s");

    /// <summary>A bucket, as it is said in a sum.</summary>
    public static string Of(Bucket bucket) => bucket switch
    {
        Bucket.OnHand => "on hand",
        Bucket.Committed => "committed to open orders",
        Bucket.Allocated => "allocated to pick tasks",
        Bucket.PosPending => "sold at tills and not posted",
        Bucket.Reserved => "reserved",
        Bucket.ShippedUnposted => "shipped and not posted",
        Bucket.Suspense => "in suspense",
        Bucket.InTransit => "in transit",
        Bucket.Unavailable => "damaged or under inspection",
    };

    /// <summary>A mode in force.</summary>
    public static string Of(EffectiveMode mode) => mode switch
    {
        EffectiveMode.Shared => "shared",
        EffectiveMode.EnteringGuard => "entering guard",
        EffectiveMode.Guard => "guard",
    };

    /// <summary>A mode as the merchant asked for it.</summary>
    public static string Of(SharingMode mode) => mode switch
    {
        SharingMode.Shared => "shared",
        SharingMode.Guard => "guard",
        SharingMode.Adaptive => "adaptive",
    };

    /// <summary>A policy and its version.</summary>
    public static string Of(AllocationPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Scope switch
        {
            PolicyScope.Tenant => Of($"the tenant's policy, version {policy.Version}"),
            PolicyScope.Group => Of($"its group's policy, version {policy.Version}"),
            PolicyScope.Sku => Of($"its own policy, version {policy.Version}"),
        };
    }

    /// <summary>What a rule names, in a sentence.</summary>
    public static string Of(QuotaRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var parts = new List<string>();
        void Say(bool named, FormattableString text)
        {
            if (named)
            {
                parts.Add(Of(text));
            }
        }

        Say(rule.Reserve > 0, $"{rule.Reserve} reserved");
        Say(rule.Minimum > 0, $"at least {rule.Minimum}");
        Say(rule.Cap is not null, $"at most {rule.Cap}");
        Say(rule.Percent is not null, $"{rule.Percent:0.##} %");
        Say(rule.Weight is not null, $"weight {rule.Weight:0.##}");
        return string.Join(", ", parts);
    }

    /// <summary>An entry in a sentence: what happened, and what it did to which bucket.</summary>
    public static string Of(LedgerEntry entry, StockNames names)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(names);
        var where = names.Of(entry.Location);
        return Of($"{What(entry, names)}: {Math.Abs(entry.Delta)} {(entry.Delta > 0 ? "more" : "fewer")} {Of(entry.Bucket)} at {where}");
    }

    /// <summary>What set a level's belief, in a few words.</summary>
    public static string Cause(string cause) => cause switch
    {
        "settle" => "a push was answered",
        "plan" => "a push was planned",
        "go-live" => "it went live",
        _ => cause, // Topics of messages, readings and baselines say themselves.
    };

    private static string What(LedgerEntry entry, StockNames names)
    {
        var subject = Subject(entry.FactKey);
        var who = entry.Connection is { } channel ? names.Of(channel) : null;
        var on = who is null ? "" : $" on {who}";
        return entry.Reason switch
        {
            EntryReason.Opening => $"Counted in at the start{on}",
            EntryReason.Order => $"Order {subject}{on}",
            EntryReason.Fulfilment => $"Order {subject}{on} was shipped",
            EntryReason.ShipmentMoved => $"What order {subject}{on} shipped is booked elsewhere",
            EntryReason.WriteOff => $"Written off ({subject}){on}",
            EntryReason.Return => $"Units of order {subject} came back{on}",
            EntryReason.UnexplainedDecrease => $"Units left the level{on} before a known order took them",
            EntryReason.SuspenseExplained => $"Order {subject} explained units that had left the level{on}",
            EntryReason.SuspenseSettled => $"Units that had left the level{on} were settled",
            EntryReason.Receipt => $"Goods were received ({subject})",
            EntryReason.Adjustment => $"On-hand was corrected ({subject})",
            EntryReason.BaselineVariance => $"The authority differed from the ledger at the start{on}",
            EntryReason.ChannelEdit => $"Edited by hand{on}, which is the authority there",
            EntryReason.Damaged => $"Units became damaged, or ceased to be ({subject})",
            EntryReason.Inspection => $"Units went to inspection, or left it ({subject}){on}",
            EntryReason.CountVariance => $"A count differed from the ledger ({subject})",
            EntryReason.TransferOut => $"Units left for another location ({subject})",
            EntryReason.TransferIn => $"Units arrived from another location ({subject})",
            EntryReason.TransferVariance => $"More or fewer of a transfer arrived than had left ({subject})",
            EntryReason.ReservationHeld => $"Reservation {subject} was granted",
            EntryReason.ReservationReleased => $"Reservation {subject} was given back",
            EntryReason.ReservationExpired => $"Reservation {subject} ran out",
            EntryReason.ReservationCommitted => $"Order {subject}{on} took over what was reserved for it",
            EntryReason.ReservationAllocated => $"Reservation {subject} went into pick tasks",
            EntryReason.DraftHold => $"A draft order holds units{on}",
            EntryReason.DraftReleased => $"A draft order holds units no more{on}",
            EntryReason.ChannelTransfer => $"Moved between two locations of {who ?? "a channel"}",
            EntryReason.SourceMovement => $"Booked by {who ?? "a source"} ({subject})",
            EntryReason.SourcePosition => $"{who ?? "A source"} counted otherwise ({subject})",
            EntryReason.SourceSale => $"Sold over the counter, told by {who ?? "a source"} ({subject})",
            EntryReason.AwaitsPosting => $"Gone, told by {who ?? "a source"}; whoever keeps the books has not posted it yet ({subject})",
            EntryReason.Posted => $"{who ?? "Whoever keeps the books"} posted what had gone before ({subject})",
            EntryReason.SourceAllocation => $"{who ?? "A warehouse"} took units into pick tasks, or out of them ({subject})",
        };
    }

    /// <summary>What a fact is about: the last part of its key, without a channel's address before it.</summary>
    private static string Subject(string factKey)
    {
        var text = factKey[(factKey.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (factKey.StartsWith("order:", StringComparison.Ordinal) || factKey.StartsWith("source:", StringComparison.Ordinal))
        {
            text = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
        }

        return text[(text.LastIndexOf('/') + 1)..];
    }
}
