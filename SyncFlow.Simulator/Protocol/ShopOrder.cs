using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <summary>One order of a shop, as the shop knows it.</summary>
internal sealed class ShopOrder
{
    private readonly List<ShopLine> _lines = [];

    public required string Id { get; init; }

    /// <summary>False when the application that made it took no units from the level.</summary>
    public required bool Claimed { get; init; }

    /// <summary>The reservation whose units it takes over, or null.</summary>
    public string? Reservation { get; init; }

    /// <summary>Sold over a counter.</summary>
    public bool AtTill { get; init; }

    /// <summary>Made to try the shop out: it takes no units.</summary>
    public bool Test { get; init; }

    /// <summary>It was a draft that held its units.</summary>
    public bool WasDraft { get; init; }

    /// <summary>Units beyond what was shown, or taken from no level.</summary>
    public required int PastTheLevel { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on order queries show it.</summary>
    public required DateTimeOffset VisibleAt { get; init; }

    public long UpdatedTicks { get; set; }
    public bool Cancelled { get; set; }

    /// <summary>Nothing of it may be shipped for now.</summary>
    public bool OnHold { get; set; }

    public IReadOnlyList<ShopLine> Lines => _lines;

    /// <summary>The line that it was placed with.</summary>
    public ShopLine First => _lines[0];

    /// <summary>Units of all lines that are to be shipped still.</summary>
    public int Open => _lines.Sum(l => l.Open);

    /// <summary>One line more.</summary>
    /// <param name="counted">False where the store did not count the item's stock when it sold it, whatever it says of the order.</param>
    public ShopLine Add(int item, int units, int location, int locations, bool counted)
    {
        var line = new ShopLine($"{Id}-{_lines.Count + 1}", item, location, locations, counted);
        line.Take(units, location);
        _lines.Add(line);
        return line;
    }

    /// <summary>Whole, as a webhook or a query carries it; only a query says where it ships from.</summary>
    public OrderSnapshot Snapshot(SnapshotOrigin origin) => new()
    {
        OrderRef = Id,
        Version = new FactVersion(UpdatedTicks, origin == SnapshotOrigin.Webhook ? (short)0 : (short)1, UpdatedTicks),
        Origin = origin,
        CreatedAt = CreatedAt,
        Cancelled = Cancelled,
        Test = Test,
        SourceName = AtTill ? "pos" : WasDraft ? "shopify_draft_order" : Claimed ? "web" : "580111",
        SoldAt = AtTill ? Shop.Place(First.Home) : null,
        ReservationRef = Reservation,
        Lines = [.. _lines.Select(l => l.Snapshot(assigned: origin != SnapshotOrigin.Webhook))],
    };
}
