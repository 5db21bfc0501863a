using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;

namespace SyncFlow.Simulator.Protocol;

/// <content>What physically lies where, and the shelf of the authority that must say so (rule R14).</content>
internal sealed partial class Truth
{
    private readonly int[,] _came = new int[settings.Skus, settings.Locations];
    private readonly HashSet<(int Sku, int Location)> _disturbed = [];

    /// <summary>Units that came to a place, or are gone from it otherwise than sold.</summary>
    public void Came(int sku, int location, int units) => _came[sku, location] += units;

    /// <summary>
    /// Somebody's hand was at a shelf. Where a write of on-hand is not proven before it is read, his hand cannot be told from
    /// a write that was not done, and may be counted wrong once; so there what lies is not asked for in the end.
    /// </summary>
    public void Disturbed(int sku, int location) => _disturbed.Add((sku, location));

    /// <summary>What the authority's shelves say lies there is what physically lies there.</summary>
    private string? Shelves()
    {
        if (!settings.Parks || settings.Faults.Untracked > 0 || settings.Faults.ParkingSwitched > 0)
        {
            return null;
        }

        foreach (var shop in shops.Where(s => settings.IsAuthority(s.Number)))
        {
            for (var sku = 0; sku < settings.Skus; sku++)
            {
                foreach (var level in store.Sku(settings.SkuOf(sku)).Levels.Where(l => l.Connection.Value == shop.Number && l.Status == LevelStatus.Live))
                {
                    var location = (int)level.Location.Value;
                    var (lies, says) = (Lies(sku, location), shop.OnHand(sku, location));

                    // A store takes an order whole from a place that has less: what it ships beyond what lies there is owed.
                    var owed = shop.Parked(sku, location) == 0 && lies < says ? lies - says : 0;
                    if ((lies != says + owed || level.Shelf?.Owed != owed) && !_disturbed.Contains((sku, location)))
                    {
                        return $"SKU {sku} at rest: {lies} units lie at {location}, channel {shop.Number} says {says} ({shop.Parked(sku, location)} parked; {level.Shelf})";
                    }
                }
            }
        }

        return null;
    }

    /// <summary>
    /// Without parking a rise that was acknowledged and not done looks like units that somebody took from the authority's
    /// shelf, and so may a hand at a shelf whose last write is in doubt. It is booked so: a fact that took units away, which
    /// sells nothing that is not there.
    /// </summary>
    private int BookedAsGone(int sku) => settings.Faults.ParkingSwitched == 0 && _disturbed.All(d => d.Sku != sku) ? 0 : -store.Entries
        .Where(e => e.Sku == settings.SkuOf(sku) && e is { Reason: EntryReason.ChannelEdit, Bucket: Bucket.OnHand, Delta: < 0 }).Sum(e => e.Delta);

    private int Lies(int sku, int location) => _came[sku, location] - shops
        .SelectMany(s => s.Orders.Values).Where(o => o.Location == location).Sum(o => o.FulfilledUnits * settings.UnitsIn(o.Sku, sku));
}
