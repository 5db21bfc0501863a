using System.Collections.Immutable;

namespace SyncFlow.Core.Oversells;

/// <summary>What makes an order line the first to be re-sourced or cancelled. The numbers are stored.</summary>
public enum SettlementRank : short
{
    /// <summary>Lines of the less important channel first (a higher priority number).</summary>
    LowPriorityFirst = 1,

    /// <summary>Lines of orders placed later first.</summary>
    LaterFirst = 2,

    /// <summary>Lines of fewer units first.</summary>
    FewestUnitsFirst = 3,

    /// <summary>
    /// Lines that were sold for less first; those of which nobody knows come last. Where lines were sold in several currencies
    /// this tells none of them apart: there is no rate that holds.
    /// </summary>
    LowestValueFirst = 4,
}

/// <summary>Which decisions need no person. The numbers are stored.</summary>
public enum SettlementConfirmation : short
{
    /// <summary>A person confirms everything.</summary>
    ByPerson = 1,

    /// <summary>What only re-sources is confirmed by itself; a cancellation waits for a person.</summary>
    Resource = 2,

    /// <summary>Everything is confirmed by itself.</summary>
    Everything = 3,
}

/// <summary>A tenant's rules for settling oversells.</summary>
/// <param name="Ranking">In order; the first that tells two lines apart decides.</param>
/// <param name="MaySplit">Whether a line may be settled in part.</param>
public sealed record SettlementRules(
    ImmutableArray<SettlementRank> Ranking, bool MaySplit, SettlementConfirmation Confirmation)
{
    /// <summary>What it costs to ship a line from elsewhere; null where nobody said.</summary>
    public Money? ResourceCost { get; init; }

    /// <summary>What it costs to cancel a line, beside what it was sold for; null where nobody said.</summary>
    public Money? CancelCost { get; init; }

    /// <summary>Less important channels, then later orders, then cheaper lines, then smaller ones; whole lines; by a person.</summary>
    public static SettlementRules Default { get; } = new(
        [SettlementRank.LowPriorityFirst, SettlementRank.LaterFirst, SettlementRank.LowestValueFirst, SettlementRank.FewestUnitsFirst], false,
        SettlementConfirmation.ByPerson);
}

/// <summary>An open order line that is promised units of the short group.</summary>
/// <param name="Units">Units of the SKU still to be shipped from the group, &gt; 0.</param>
/// <param name="PlacedAt">When the order was placed.</param>
/// <param name="Priority">Its channel's; lower is more important.</param>
public sealed record PromisedLine(
    ConnectionId Connection, string OrderRef, string LineRef, int Units, DateTimeOffset PlacedAt, int Priority)
{
    /// <summary>What one sale of it was sold for; null where the channel did not say.</summary>
    public Money? Price { get; init; }

    /// <summary>Units of the SKU in one sale: more than one in a kit or a pack.</summary>
    public int UnitsPerSale { get; init; } = 1;

    /// <summary>What so many of its units were sold for. Who loses a part of a kit loses the kit.</summary>
    public Money? ValueOf(int units) =>
        Price is { } each ? each with { Amount = each.Amount * ((units + UnitsPerSale - 1) / UnitsPerSale) } : null;
}

/// <summary>Units of another group that no channel may sell.</summary>
public sealed record SpareUnits(LocationId Location, int Units);

/// <summary>What is to be done with an order line. The numbers are stored.</summary>
public enum SettlementKind : short
{
    /// <summary>Ship it from another location.</summary>
    Resource = 1,

    /// <summary>Cancel it, in whole or in part.</summary>
    Cancel = 2,
}

/// <summary>One thing to be done on a channel.</summary>
/// <param name="To">From where it is to ship instead; null for a cancellation.</param>
public sealed record SettlementAction(
    SettlementKind Kind, ConnectionId Connection, string OrderRef, string LineRef, int Units, LocationId? To)
{
    /// <summary>What these units were sold for; null where nobody knows.</summary>
    public Money? Value { get; init; }
}

/// <summary>How a shortage could be settled.</summary>
/// <param name="Left">Units that no open line can settle.</param>
public sealed record SettlementProposal(ImmutableArray<SettlementAction> Actions, int Left)
{
    /// <summary>Whether nobody's order is cancelled by it.</summary>
    public bool OnlyResources => Left == 0 && Actions.All(a => a.Kind == SettlementKind.Resource);
}
