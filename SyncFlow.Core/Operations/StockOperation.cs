using System.Collections.Immutable;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Operations;

/// <summary>
/// A unique operation on one SKU: all its legs are booked at once, or none is. Its key moves stock once for ever.
/// </summary>
/// <param name="Key">Names it over all time.</param>
/// <param name="Sku">Whose units.</param>
/// <param name="Legs">What it changes; several buckets and locations are possible, for example both ends of a transfer.</param>
public sealed record StockOperation(
    string Key, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, ImmutableArray<OperationLeg> Legs)
    : Fact(Key, null, InboxEvent, OccurredAt);

/// <summary>One change of an operation.</summary>
/// <param name="Location">Where.</param>
/// <param name="Bucket">Which sum.</param>
/// <param name="Delta">By how many units; never zero.</param>
/// <param name="Reason">Stands in the ledger entry.</param>
public readonly record struct OperationLeg(LocationId Location, Bucket Bucket, int Delta, EntryReason Reason);
