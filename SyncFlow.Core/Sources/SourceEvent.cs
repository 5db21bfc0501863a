using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Sources;

/// <summary>What kind of event a source reports. The numbers are stored; they never change meaning.</summary>
public enum SourceEventType : short
{
    /// <summary>Units moved in its books.</summary>
    Movement = 1,

    /// <summary>Units were sold over a counter.</summary>
    Sale = 2,

    /// <summary>What is there.</summary>
    Position = 3,

    /// <summary>What a warehouse does for an order.</summary>
    Picks = 4,
}

/// <summary>Another system's transactions are contained up to here, in that system's own order.</summary>
/// <param name="System">The connection they happened on.</param>
/// <param name="Sequence">Its sequence; or</param>
/// <param name="Time">its own time.</param>
public sealed record EventMark(long System, long? Sequence, DateTimeOffset? Time);

/// <summary>An event in the source's own words, its shape checked.</summary>
/// <param name="Id">The source's own transaction id: told again it changes nothing.</param>
/// <param name="Item">Its code of the item.</param>
/// <param name="Place">Its code of the place.</param>
/// <param name="OccurredAt">By its own clock.</param>
/// <param name="Sequence">Its own number, where it counts.</param>
public sealed record SourceEvent(string Id, SourceEventType Type, string Item, string Place, DateTimeOffset OccurredAt, long? Sequence)
{
    /// <summary>Of a movement: on-hand or unavailable.</summary>
    public Bucket Bucket { get; init; } = Bucket.OnHand;

    /// <summary>Of a movement or a sale.</summary>
    public int Units { get; init; }

    /// <summary>Of a position.</summary>
    public int OnHand { get; init; }

    /// <summary>Of a position: units of it that are not for sale.</summary>
    public int? Unavailable { get; init; }

    /// <summary>Of picks: units in pick tasks now.</summary>
    public int Open { get; init; }

    /// <summary>Of picks: units that left.</summary>
    public int Shipped { get; init; }

    /// <summary>The transaction it belongs to: what a movement posts, a sale's receipt, the order of picks.</summary>
    public string? Transaction { get; init; }

    /// <summary>The connection that gave <see cref="Transaction"/> its id; null for the source's usual one.</summary>
    public long? System { get; init; }

    /// <summary>Of a position: what of other systems it contains.</summary>
    public IReadOnlyList<EventMark> PostedThrough { get; init; } = [];
}
