namespace SyncFlow.Core.Levels;

/// <summary>
/// Adds up what levels may still sell, listing by listing: a channel decides on a listing by its total over its levels, so one
/// below zero takes from the others of its listing, and a listing below zero lends nothing to the others.
/// </summary>
internal sealed class SellingUnits
{
    // A SKU has few listings, and levels of one stand side by side: a search from the end finds them at once.
    private readonly List<(ListingId Listing, int Sales, int Each)> _listings = [];

    /// <summary>Adds a level.</summary>
    /// <param name="sales">What it may still sell, in sales; below zero it takes from its listing.</param>
    /// <param name="each">Units that a sale takes.</param>
    public void Add(LevelState level, int sales, int each)
    {
        for (var i = _listings.Count - 1; i >= 0; i--)
        {
            if (_listings[i].Listing == level.Listing)
            {
                _listings[i] = (level.Listing, _listings[i].Sales + sales, each);
                return;
            }
        }

        _listings.Add((level.Listing, sales, each));
    }

    /// <summary>All together, in units.</summary>
    public int Total()
    {
        var total = 0;
        foreach (var (_, sales, each) in _listings)
        {
            total += Math.Max(0, sales) * each;
        }

        return total;
    }
}
