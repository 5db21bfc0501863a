using System.Collections.Immutable;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Requests;

/// <summary>A request for units: reservations get their number when they are asked for, so the lower came first.</summary>
public readonly record struct RequestId(long Value);

/// <summary>Units that a request holds.</summary>
/// <param name="Location">Where.</param>
/// <param name="Bucket"><see cref="Bucket.Reserved"/>, or <see cref="Bucket.Allocated"/> once a warehouse has them.</param>
/// <param name="Units">How many, &gt; 0.</param>
public sealed record HeldUnits(LocationId Location, Bucket Bucket, int Units);

/// <summary>A kit that was asked for.</summary>
/// <param name="Units">How many of it, &gt; 0.</param>
public readonly record struct KitWish(SkuId Sku, int Units);

/// <summary>How far a line of a request is. The numbers are stored; they never change meaning.</summary>
public enum RequestLineState : short
{
    /// <summary>Its units are still on channels' shelves; it is granted when verified decreases have freed them.</summary>
    Waiting = 1,

    /// <summary>Its units are set aside.</summary>
    Held = 2,

    /// <summary>Orders took all its units over.</summary>
    Committed = 3,

    /// <summary>Given back by whoever asked, or by a person.</summary>
    Released = 4,

    /// <summary>Its time ran out.</summary>
    Expired = 5,
}

/// <summary>One SKU's part of a request (rule R17), as it is loaded under the SKU's lock.</summary>
/// <param name="Request">The request; lower numbers came first.</param>
/// <param name="Number">Which of its lines, from 1.</param>
/// <param name="Reference">The name it is known by outside; an order that carries it takes the units over.</param>
/// <param name="Units">Units asked for, &gt; 0.</param>
/// <param name="Location">Only from this place; null for any one group of places that ship for each other.</param>
/// <param name="State">How far it is.</param>
/// <param name="Taken">Units that an order took over, ≥ 0.</param>
/// <param name="Held">Units held now; empty unless <paramref name="State"/> is held.</param>
/// <param name="Connection">The channel of the order it belongs to, once that is known.</param>
/// <param name="OrderRef">That order, in the channel's words.</param>
public sealed record RequestLine(
    RequestId Request,
    int Number,
    string Reference,
    int Units,
    LocationId? Location,
    RequestLineState State,
    int Taken,
    ImmutableArray<HeldUnits> Held,
    ConnectionId? Connection,
    string? OrderRef)
{
    /// <summary>A line that asks for units and has none yet.</summary>
    public static RequestLine Asking(
        RequestId request, int number, string reference, int units, LocationId? location, ConnectionId? connection = null,
        string? orderRef = null) =>
        new(request, number, reference, units, location, RequestLineState.Waiting, 0, [], connection, orderRef);

    /// <summary>Which line of the wish it came from: a kit that is asked for is one line there and one per part here.</summary>
    public int Wish { get; init; } = Number;

    /// <summary>The kit that was asked for; null where the SKU itself was.</summary>
    public KitWish? Kit { get; init; }

    /// <summary>Only from this group of places; null for any. All parts of a kit come from one.</summary>
    public int? Group { get; init; }

    /// <summary>Whether it still holds units or waits for some.</summary>
    public bool IsOpen => State is RequestLineState.Waiting or RequestLineState.Held;

    /// <summary>Units it still waits for.</summary>
    public int Wanted => State == RequestLineState.Waiting ? Units - Taken : 0;

    /// <summary>Key of the ledger entries it causes.</summary>
    public string FactKey => $"reservation:{Request.Value}";
}
