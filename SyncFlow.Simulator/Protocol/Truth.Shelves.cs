using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <content>What physically lies where, and the shelf of the authority that must say so (rule R14).</content>
internal sealed partial class Truth
{
    private readonly int[,] _came = new int[settings.Skus, settings.Locations];
    private readonly HashSet<(int Sku, int Location)> _hands = [];
    private readonly HashSet<(int Sku, int Location)> _touched = [];
    private readonly Dictionary<(int Sku, int Location, DateTimeOffset At), int> _mistakable = [];
    private readonly HashSet<int> _uncounted = [];
    private readonly Dictionary<LevelId, int> _lowered = [];
    private bool _switched;

    /// <summary>Units that came to a place, or are gone from it otherwise than sold.</summary>
    public void Came(int sku, int location, int units) => _came[sku, location] += units;

    /// <summary>Somebody's hand was at a shelf of the authority.</summary>
    public void Disturbed(int sku, int location)
    {
        _hands.Add((sku, location));
        _touched.Add((sku, location));
    }

    /// <summary>The authority ceased to count an item: what it then sells and ships does not change what it says lies there.</summary>
    public void Uncounted(int item) => _uncounted.Add(item);

    /// <summary>Parking was switched: meanwhile on-hand follows what is shown.</summary>
    public void Switched() => _switched = true;

    /// <summary>
    /// A write of on-hand in doubt while a hand at the shelf is not read yet: his hand cannot be told from a write that was not
    /// done, and may be taken for it once, for as many units as the write.
    /// </summary>
    private void LookAtHands()
    {
        foreach (var (sku, location) in _hands.Count == 0 ? [] : _hands.ToList())
        {
            var shop = shops.First(s => settings.IsAuthority(s.Number));
            var level = store.Sku(settings.SkuOf(sku)).Levels.First(l => l.Connection.Value == shop.Number && (int)l.Location.Value == location);
            var (adjusted, at) = level switch
            {
                { Shelf: { Adjusted: not 0 } shelf } => (shelf.Adjusted, shelf.AdjustedAt ?? default),
                { InFlight: { Change: 0 } push, Shelf: { } shelf } => (shelf.InFlight, push.PlannedAt),
                _ => (0, default),
            };
            if (adjusted != 0)
            {
                _mistakable[(sku, location, at)] = Math.Abs(adjusted);
            }
            else if (level is { InFlight: null, Suspense: 0, Surplus: 0, Adopted: 0, Shelf: { Unplaced: 0 } read }
                && read.Parked == shop.Parked(sku, location)
                && level.Belief == shop.Available(sku, location) + Unseen(shop, sku, level))
            {
                _hands.Remove((sku, location));
            }
        }
    }

    private int Mistakable(int sku, int? location = null) =>
        _mistakable.Where(m => m.Key.Sku == sku && (location is null || m.Key.Location == location)).Sum(m => m.Value);

    /// <summary>What the authority's shelves say lies there is what physically lies there, and what the ledger says.</summary>
    private string? Shelves()
    {
        foreach (var shop in settings.Parks ? shops.Where(s => settings.IsAuthority(s.Number)) : [])
        {
            for (var sku = 0; sku < settings.Skus; sku++)
            {
                foreach (var level in store.Sku(settings.SkuOf(sku)).Levels.Where(l => l.Connection.Value == shop.Number && l.Status == LevelStatus.Live))
                {
                    if (Shelf(shop, sku, (int)level.Location.Value, level) is { } wrong)
                    {
                        return $"SKU {sku} at rest: {wrong} ({shop.Parked(sku, (int)level.Location.Value)} parked at channel {shop.Number}; {level.Shelf})";
                    }
                }
            }
        }

        return null;
    }

    private string? Shelf(Shop shop, int sku, int location, LevelState level)
    {
        if (level.Shelf is not { Owed: { } owed })
        {
            // What a hand laid there while parking was off is not ours, and is said to be in the way.
            return _switched && _touched.Contains((sku, location)) && shop.Parked(sku, location) > 0
                && store.Incidents.Values.Any(i => i.Level == level.Id && i.Kind == "safety-stock-in-use")
                    ? null
                    : "nothing is parked any more";
        }

        // A store takes an order whole from a place that has less: what it ships beyond what lies there is owed. Nothing is written
        // where nobody ever counted, whatever a hand lays there.
        if (owed > 0 || (owed < 0 && shop.Parked(sku, location) > 0 && level.Target is not null))
        {
            return $"{owed} units are owed and not written";
        }

        // Whoever's hand it was and whatever was not counted: what was not booked is owed, and nothing is either twice.
        var booked = Shelved(store.Sku(settings.SkuOf(sku)), level);
        var shown = shop.Available(sku, location) + shop.Parked(sku, location) + level.OpenClaims + level.DraftHolds;
        var lowered = _lowered.GetValueOrDefault(level.Id);
        if (booked != shown + owed + lowered)
        {
            return $"{booked} units are booked at {location}, {shown} are shown, {lowered} were lowered before";
        }

        var (lies, says) = (Lies(sku, location), shop.OnHand(sku, location));
        var wrong = Math.Abs(lies - says - owed);
        return wrong > Mistakable(sku, location) && !_switched && !_uncounted.Contains(sku)
            ? $"{lies} units lie at {location}, it says {says}, {Mistakable(sku, location)} may be mistaken"
            : null;
    }

    /// <summary>
    /// Follows when units begin to be parked on a level, and what the ledger has then beyond what is shown and owed: guard lowered
    /// on-hand before, or it was not counted.
    /// </summary>
    private void FollowParking(WorkingSet set)
    {
        foreach (var (sku, level) in set.ChangedLevels.Where(l => settings.IsAuthority((int)l.Level.Connection.Value)))
        {
            if (IsKept(level) && !IsKept(set.FindLoaded(sku)?.FindLevel(level.Id)))
            {
                _lowered[level.Id] = Shelved(set.FindSku(sku)!, level)
                    - (level.Explained!.Value + level.Shelf!.Parked - level.Shelf.Unplaced + level.OpenClaims + level.DraftHolds + level.Shelf.Owed!.Value);
            }
        }
    }

    /// <summary>
    /// What the ledger has at a level's place and not set aside. Units set aside are in neither state that is shown, but for those found
    /// among the parked ones; given back to sale by hand, they are on hand as before, and shown.
    /// </summary>
    private static int Shelved(SkuState sku, LevelState level)
    {
        var pool = sku.PoolAt(level.Location).Buckets;
        return pool.OnHand - (pool.Unavailable - (level.Shelf?.Found ?? 0));
    }

    private static bool IsKept(LevelState? level) =>
        level is { Shelf.Owed: not null, Status: not (LevelStatus.New or LevelStatus.Untracked) };

    /// <summary>
    /// Without parking a rise that was acknowledged and not done looks like units that somebody took from the authority's
    /// shelf, and so may a hand at a shelf whose last write is in doubt, by as many units as that write. It is booked so: a
    /// fact that took units away, which sells nothing that is not there.
    /// </summary>
    private int BookedAsGone(int sku)
    {
        var gone = _switched || _mistakable.Count > 0 ? -store.Entries
            .Where(e => e.Sku == settings.SkuOf(sku) && e is { Reason: EntryReason.ChannelEdit, Bucket: Bucket.OnHand, Delta: < 0 }).Sum(e => e.Delta) : 0;
        return _switched ? gone : Math.Min(gone, Mistakable(sku));
    }

    private int Lies(int sku, int location) => _came[sku, location] - shops
        .SelectMany(s => s.Orders.Values).SelectMany(o => o.Lines).Sum(l => l.GoneFrom(location) * settings.UnitsIn(l.Item, sku));
}
