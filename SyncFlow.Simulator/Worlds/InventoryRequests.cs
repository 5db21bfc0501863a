namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// One element of an inventory mutation: add <see cref="Delta"/> to a state, or set it to <see cref="Quantity"/>.
/// A null <see cref="CompareWith"/> opts out of the comparison.
/// </summary>
public sealed record InventoryElement(
    long? ItemId, long? LocationId, string State, int? Quantity, int? Delta, int? CompareWith, string? LedgerDocumentUri);

/// <summary>A move of units between two states of one item.</summary>
public sealed record InventoryMove(long? ItemId, int Quantity, InventoryTerminal From, InventoryTerminal To);

/// <summary>One end of a move.</summary>
public sealed record InventoryTerminal(long? LocationId, string State, int? CompareWith, string? LedgerDocumentUri);

/// <summary>A refusal in the shape of Shopify's userErrors.</summary>
public sealed record InventoryError(string Code, IReadOnlyList<string> Field, string Message);

/// <summary>What an inventory mutation came to: a group (null when nothing changed), or errors and no change at all.</summary>
public sealed record InventoryAnswer(AdjustmentGroup? Group, IReadOnlyList<InventoryError> Errors)
{
    internal static InventoryAnswer Refused(params InventoryError[] errors) => new(null, errors);
}

/// <summary>What activating an item at a location came to.</summary>
public sealed record ActivationAnswer(Level? Level, IReadOnlyList<InventoryError> Errors);
