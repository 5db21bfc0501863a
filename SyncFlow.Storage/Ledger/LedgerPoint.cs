namespace SyncFlow.Storage.Ledger;

/// <summary>
/// A point in a SKU's ledger: all entries recorded before it lie behind it; entries of one moment are in the order of their
/// numbers. What lies behind a point of the past never changes.
/// </summary>
/// <param name="RecordedAt">The moment.</param>
/// <param name="EntryId">The first entry of that moment that is not behind the point.</param>
public readonly record struct LedgerPoint(DateTimeOffset RecordedAt, long EntryId)
{
    /// <summary>Behind it lies everything that has been recorded.</summary>
    public static LedgerPoint Latest { get; } = After(new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Behind it lies everything recorded up to and at a moment.</summary>
    public static LedgerPoint After(DateTimeOffset moment) => new(moment, long.MaxValue);
}
