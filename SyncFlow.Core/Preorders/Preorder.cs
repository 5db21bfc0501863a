using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Preorders;

/// <summary>
/// A SKU that is sold before it is there: against confirmed incoming units, up to a cap, until a moment. Units sold so
/// make available-to-sell negative, which is what they are: promised beyond what lies there.
/// </summary>
/// <param name="Location">Where the goods will arrive; it ships them.</param>
/// <param name="Cap">Most units that may be promised beyond what is there, &gt; 0.</param>
/// <param name="Incoming">Confirmed units that have not arrived yet, ≥ 0.</param>
/// <param name="Until">From then on no more are sold.</param>
public sealed record Preorder(LocationId Location, int Cap, int Incoming, DateTimeOffset Until)
{
    /// <summary>Whether it is sold now; set whenever the SKU is planned.</summary>
    public bool Open { get; init; }

    /// <summary>
    /// Units that may be promised beyond what is there: the cap, and never more than is on its way. What was promised
    /// already needs no term of its own, for available-to-sell fell by it.
    /// </summary>
    public int Allowance => Math.Min(Cap, Incoming);

    /// <summary>The preorder at a moment.</summary>
    public Preorder At(DateTimeOffset now) => this with { Open = now < Until };

    /// <summary>The preorder after a ledger entry: goods received there, also from another location, are not on their way any more.</summary>
    public Preorder After(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry is { Bucket: Bucket.OnHand, Reason: EntryReason.Receipt or EntryReason.TransferIn, Delta: > 0 }
            && entry.Location == Location
            ? this with { Incoming = Math.Max(0, Incoming - entry.Delta) }
            : this;
    }
}
