using System.Collections.Immutable;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>
/// An order as last applied. The ledger gets the difference between <see cref="Applied"/> and the footprint of a newer
/// snapshot; so duplicates, replays and reordering need no special case.
/// </summary>
/// <param name="Connection">The channel.</param>
/// <param name="OrderRef">The channel's own id.</param>
/// <param name="Version">Version last applied; default when none was.</param>
/// <param name="Snapshot">The snapshot last applied; null when only a placeholder exists.</param>
/// <param name="Applied">What it did to the ledger and the levels.</param>
/// <param name="UnmappedLines">Lines whose variant is mapped to no SKU yet.</param>
/// <param name="Provisional">Whether a location was guessed and a fetch is to correct it.</param>
public sealed record OrderState(
    ConnectionId Connection,
    string OrderRef,
    FactVersion Version,
    OrderSnapshot? Snapshot,
    ImmutableArray<FootprintRow> Applied,
    int UnmappedLines,
    bool Provisional)
{
    /// <summary>
    /// What the kits of its lines were made of when they were first booked. A kit that is changed later changes nothing
    /// about an order that was sold before.
    /// </summary>
    public ImmutableArray<BookedKit> Kits { get; init; } = [];

    /// <summary>What one unit of a SKU took when this order was booked; null where it is booked first now.</summary>
    /// <returns>The parts; the SKU itself where it was no kit then.</returns>
    public ImmutableArray<Component>? PartsOf(SkuId sku)
    {
        foreach (var kit in Kits)
        {
            if (kit.Sku == sku)
            {
                return kit.Parts;
            }
        }

        return Applied.Any(r => r.Sku == sku) ? [new Component(sku, 1)] : null;
    }

    /// <summary>A row created so that it can be locked.</summary>
    public static OrderState Placeholder(ConnectionId connection, string orderRef) =>
        new(connection, orderRef, default, null, [], 0, false);
}

/// <summary>A kit as an order sold it.</summary>
/// <param name="Parts">What one unit of it took, none of it a kit.</param>
public sealed record BookedKit(SkuId Sku, ImmutableArray<Component> Parts)
{
    /// <inheritdoc/>
    public bool Equals(BookedKit? other) => other is not null && Sku == other.Sku && Parts.SequenceEqual(other.Parts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Sku, Parts.Length);
}

/// <summary>
/// What an order does to one SKU at one location. All figures are cumulative over the order's life, so the difference
/// of two footprints is what the ledger gets.
/// </summary>
/// <param name="Sku">Whose units.</param>
/// <param name="Location">Where.</param>
/// <param name="Level">The channel's level there, if it has one.</param>
/// <param name="Committed">Open units.</param>
/// <param name="OnHand">Units that left (negative) or came back for good.</param>
/// <param name="WrittenOff">Part of <paramref name="OnHand"/> lost without being shipped (negative).</param>
/// <param name="Suspense">Units that left the order with no known restock kind.</param>
/// <param name="Taken">Units the level lost to the order, net of those put back.</param>
/// <param name="PutBack">
/// The part of <paramref name="Taken"/>'s sum that was put back (positive): a sale and its cancel may become known
/// together and still lie on different sides of a reading.
/// </param>
/// <param name="OpenClaims">Open units that the channel's own committed state includes.</param>
public readonly record struct FootprintRow(
    SkuId Sku,
    LocationId Location,
    LevelId? Level,
    int Committed,
    int OnHand,
    int WrittenOff,
    int Suspense,
    int Taken,
    int PutBack,
    int OpenClaims)
{
    /// <summary>The part of <see cref="OnHand"/> that came back for good (positive).</summary>
    public int Returned { get; init; }

    /// <summary>The part of <see cref="Returned"/> that went to inspection first (positive).</summary>
    public int Inspected { get; init; }

    /// <summary>
    /// Units put back at another place than the one they were taken from, on a channel that owns on-hand at both: they are on hand
    /// there now, and no part of <see cref="OnHand"/> (positive there, negative where they were taken).
    /// </summary>
    public int Relocated { get; init; }

    /// <summary>The part of <see cref="OnHand"/> that left the building as sold (negative).</summary>
    public int Shipped() => OnHand - WrittenOff - Returned;

    /// <summary>Units that the place has more by it, in the ledger.</summary>
    public int Gained() => OnHand + Relocated - Inspected - Committed - Suspense;

    /// <summary>Whether the row changes nothing.</summary>
    public bool IsEmpty() =>
        (Committed | OnHand | WrittenOff | Suspense | Taken | PutBack | OpenClaims | Returned | Inspected | Relocated) == 0;
}
