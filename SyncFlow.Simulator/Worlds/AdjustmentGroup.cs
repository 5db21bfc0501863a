namespace SyncFlow.Simulator.Worlds;

/// <summary>Shopify's record of one accepted inventory mutation.</summary>
public sealed class AdjustmentGroup
{
    public long Id { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string Reason { get; init; }

    public string? ReferenceDocumentUri { get; init; }

    public List<QuantityChange> Changes { get; init; } = [];
}

/// <summary>One state of one level that a mutation changed.</summary>
public sealed record QuantityChange(
    long ItemId, long LocationId, string Name, int Delta, int QuantityAfterChange, string? LedgerDocumentUri);
