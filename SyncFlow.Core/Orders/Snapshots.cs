namespace SyncFlow.Core.Orders;

/// <summary>Comparison of snapshots by what they say about stock, whatever their version and way here.</summary>
public static class Snapshots
{
    /// <summary>Whether two snapshots of one order say the same.</summary>
    public static bool SameContent(OrderSnapshot a, OrderSnapshot b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return a.Cancelled == b.Cancelled && a.Test == b.Test && a.SoldAt == b.SoldAt && a.SourceName == b.SourceName
            && a.ReservationRef == b.ReservationRef
            && a.Lines.Length == b.Lines.Length
            && a.Lines.OrderBy(l => l.LineRef, StringComparer.Ordinal)
                .Zip(b.Lines.OrderBy(l => l.LineRef, StringComparer.Ordinal))
                .All(pair => SameLine(pair.First, pair.Second));
    }

    private static bool SameLine(OrderLine a, OrderLine b) =>
        a.LineRef == b.LineRef && a.VariantRef == b.VariantRef && a.Quantity == b.Quantity && a.Open == b.Open
        && a.Fulfilled == b.Fulfilled && a.Assignments.SequenceEqual(b.Assignments)
        && a.Shipments.SequenceEqual(b.Shipments)
        && a.Restocks.Length == b.Restocks.Length
        && a.Restocks.OrderBy(r => r.RefundLineRef, StringComparer.Ordinal)
            .SequenceEqual(b.Restocks.OrderBy(r => r.RefundLineRef, StringComparer.Ordinal));
}
