using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Stock;

/// <summary>A SKU at one location: its sums, as the ledger has them.</summary>
/// <param name="Location">Where.</param>
/// <param name="Buckets">The sums.</param>
/// <param name="Opened">Whether an opening count stands behind on-hand; until then nothing is published from it.</param>
public sealed record Pool(LocationId Location, Buckets Buckets, bool Opened);
