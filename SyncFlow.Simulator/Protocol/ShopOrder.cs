using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <summary>One order of a shop, as the shop knows it.</summary>
internal sealed class ShopOrder
{
    public required string Id { get; init; }
    public required int Sku { get; init; }
    public required int Units { get; init; }

    /// <summary>Where the shop took the units, and will ship them from.</summary>
    public required int Location { get; init; }

    /// <summary>False when the application that made it took no units from the level.</summary>
    public required bool Claimed { get; init; }

    /// <summary>The reservation whose units it takes over, or null.</summary>
    public string? Reservation { get; init; }

    /// <summary>Sold over a counter.</summary>
    public bool AtTill { get; init; }

    /// <summary>False where the store did not count the item's stock when it sold it, whatever it says of the order.</summary>
    public bool Counted { get; init; } = true;

    /// <summary>Units beyond what was shown, or taken from no level.</summary>
    public required int PastTheLevel { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on order queries show it.</summary>
    public required DateTimeOffset VisibleAt { get; init; }

    public long UpdatedTicks { get; set; }
    public int FulfilledUnits { get; set; }
    public bool Cancelled { get; set; }

    /// <summary>Its units that our ledger has, as far as it was told.</summary>
    public int Told { get; set; }

    public int Open => Cancelled ? 0 : Units - FulfilledUnits;

    /// <summary>Whole, as a webhook or a query carries it; only a query says where it ships from.</summary>
    public OrderSnapshot Snapshot(SnapshotOrigin origin) => new()
    {
        OrderRef = Id,
        Version = new FactVersion(UpdatedTicks, origin == SnapshotOrigin.Webhook ? (short)0 : (short)1, UpdatedTicks),
        Origin = origin,
        CreatedAt = CreatedAt,
        Cancelled = Cancelled,
        SourceName = AtTill ? "pos" : Claimed ? "web" : "580111",
        SoldAt = AtTill ? Shop.Place(Location) : null,
        ReservationRef = Reservation,
        Lines =
        [
            new OrderLine
            {
                LineRef = $"{Id}-1",
                VariantRef = Shop.Variant(Sku),
                Quantity = Units,
                Open = Open,
                Fulfilled = FulfilledUnits,
                Assignments = origin == SnapshotOrigin.Webhook ? [] : [new Assignment(Shop.Place(Location), Open)],
                Restocks = Cancelled
                    ? [new Restock($"{Id}-r", RestockKind.Cancel, Units, Shop.Place(Location))]
                    : [],
            },
        ],
    };
}
