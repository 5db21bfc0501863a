using System.Collections.Immutable;

namespace SyncFlow.Core.Orders;

/// <summary>
/// Refunds of the old kind put units back and do not say whether they had been shipped. They count as cancelled as far as units left
/// the line unshipped, and beyond that as returned: in all as many of each as there were, whichever refund had which.
/// </summary>
public static class LegacyRestocks
{
    /// <summary>Adds what one such refund put back.</summary>
    /// <param name="unshipped">Units that left the line unshipped and that no refund before accounts for.</param>
    /// <returns>As many as are left of <paramref name="unshipped"/>.</returns>
    public static int Add(ImmutableArray<Restock>.Builder restocks, string reference, int units, string? location, int unshipped)
    {
        ArgumentNullException.ThrowIfNull(restocks);
        var cancelled = Math.Max(0, Math.Min(unshipped, units)); // Of a body that is refused for them units may be below zero.
        if (cancelled > 0)
        {
            restocks.Add(new Restock(reference, RestockKind.Cancel, cancelled, location));
        }

        if (units > cancelled)
        {
            restocks.Add(new Restock(cancelled > 0 ? reference + "/returned" : reference, RestockKind.Return, units - cancelled, location));
        }

        return unshipped - cancelled;
    }
}
