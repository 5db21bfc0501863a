using System.Collections.Immutable;

namespace SyncFlow.Core.Orders;

/// <summary>Total order of the snapshots of one order.</summary>
/// <param name="UpdatedAt">The channel's own update time in UTC ticks; coarse on some channels.</param>
/// <param name="Authority">1 for an authoritative re-read, 0 for what a webhook carried: on equal times the re-read wins.</param>
/// <param name="Sequence">Finer order among equals: the channel's trigger time, or when the read was asked for, in ticks.</param>
public readonly record struct FactVersion(long UpdatedAt, short Authority, long Sequence) : IComparable<FactVersion>
{
    public int CompareTo(FactVersion other)
    {
        var byTime = UpdatedAt.CompareTo(other.UpdatedAt);
        if (byTime != 0)
        {
            return byTime;
        }

        var byAuthority = Authority.CompareTo(other.Authority);
        return byAuthority != 0 ? byAuthority : Sequence.CompareTo(other.Sequence);
    }

    public static bool operator <(FactVersion left, FactVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(FactVersion left, FactVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(FactVersion left, FactVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(FactVersion left, FactVersion right) => left.CompareTo(right) >= 0;
}

/// <summary>How a snapshot reached us.</summary>
public enum SnapshotOrigin : short
{
    /// <summary>Pushed by the channel.</summary>
    Webhook = 1,

    /// <summary>Read by us, whole and authoritative.</summary>
    Fetch = 2,

    /// <summary>Read by us before the connection went live: what it shipped or returned before counts as seen.</summary>
    Import = 3,
}

/// <summary>The state of an order at one moment; holds no personal data.</summary>
public sealed record OrderSnapshot
{
    /// <summary>The channel's own id.</summary>
    public required string OrderRef { get; init; }

    public required FactVersion Version { get; init; }
    public required SnapshotOrigin Origin { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Cancelled as a whole.</summary>
    public bool Cancelled { get; init; }

    /// <summary>A test order: it takes no units.</summary>
    public bool Test { get; init; }

    /// <summary>Which application made it, in the channel's words; decides whether it claims units (rule R16).</summary>
    public string SourceName { get; init; } = "";

    /// <summary>The channel's location where it was sold, for tills.</summary>
    public string? SoldAt { get; init; }

    /// <summary>Reference of the reservation whose units the order takes over, if it carries one.</summary>
    public string? ReservationRef { get; init; }

    /// <summary>The currency of what its lines were sold for, as the channel writes it (ISO 4217); null where it did not say.</summary>
    public string? Currency { get; init; }

    public required ImmutableArray<OrderLine> Lines { get; init; }
}

/// <summary>One line of an order.</summary>
public sealed record OrderLine
{
    public required string LineRef { get; init; }

    /// <summary>The channel's variant; null when the line sells nothing stocked (custom item).</summary>
    public string? VariantRef { get; init; }

    /// <summary>Units ordered, including added and since removed ones.</summary>
    public required int Quantity { get; init; }

    /// <summary>Units still to be fulfilled, ≥ 0.</summary>
    public required int Open { get; init; }

    /// <summary>Units fulfilled, ≥ 0.</summary>
    public required int Fulfilled { get; init; }

    /// <summary>What one unit was sold for, before discounts; null where the channel did not say. It moves no stock.</summary>
    public decimal? Price { get; init; }

    /// <summary>Where the open units are to be fulfilled from, if the channel said so; empty when unknown.</summary>
    public ImmutableArray<Assignment> Assignments { get; init; } = [];

    /// <summary>Fulfilled units, by where and when they left, as far as the channel said so.</summary>
    public ImmutableArray<Shipment> Shipments { get; init; } = [];

    /// <summary>Refunded units, by what became of them.</summary>
    public ImmutableArray<Restock> Restocks { get; init; } = [];
}

/// <summary>Open units assigned to one of the channel's locations.</summary>
public sealed record Assignment(string ExternalLocation, int Units);

/// <summary>Units of a line that left.</summary>
/// <param name="Ref">The channel's own id of the fulfilment.</param>
/// <param name="ExternalLocation">The channel's location that they left, if it said so.</param>
/// <param name="At">When, by the channel's clock.</param>
public sealed record Shipment(string Ref, string? ExternalLocation, int Units, DateTimeOffset At);

/// <summary>What became of refunded units.</summary>
public enum RestockKind : short
{
    /// <summary>Never shipped, put back on the level.</summary>
    Cancel = 1,

    /// <summary>Came back and was put on the level.</summary>
    Return = 2,

    /// <summary>Not put back.</summary>
    None = 3,
}

/// <summary>Refunded units of a line.</summary>
/// <param name="RefundLineRef">The channel's own id of the refund line.</param>
/// <param name="ExternalLocation">The channel's location that got the units, if any.</param>
public sealed record Restock(string RefundLineRef, RestockKind Kind, int Units, string? ExternalLocation);
