using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// The listings of a SKU whose own levels are below zero where the SKU is short in a group: they bear that shortage
/// themselves, as long as their other levels are not lowered for it. Not on channels that take absolute values: those
/// sell from each level what it shows.
/// </summary>
internal sealed class ShortageBearers
{
    private readonly SkuState _sku;
    private readonly Dictionary<(ListingId, LocationId), int> _borne;
    private readonly SortedDictionary<long, int> _depths = [];

    /// <param name="pools">What the pools of the group have, signed.</param>
    /// <param name="borne">Takes what each listing bears of what is taken off a location.</param>
    public ShortageBearers(
        SkuState sku, EngineContext context, int group, IReadOnlyList<(LocationId Location, int Units)> pools,
        Dictionary<(ListingId, LocationId), int> borne)
    {
        (_sku, _borne) = (sku, borne);
        var left = pools.Where(p => p.Units < 0).ToDictionary(p => p.Location, p => -p.Units);
        foreach (var level in sku.Levels)
        {
            if (level.UpperBound >= 0 || !Exposures.InGroup(context, level, group)
                || context.FindChannel(level.Connection) is not { Sells: true, Uncappable: false, CompareAndSet: true })
            {
                continue;
            }

            // Where nobody counted in, the level's own depth is what the group owes (see Debts).
            var depth = -level.UpperBound * level.UnitsPerSale;
            if (sku.PoolAt(level.Location).Opened)
            {
                depth = Math.Min(depth, left.GetValueOrDefault(level.Location));
                left[level.Location] = left.GetValueOrDefault(level.Location) - depth;
            }

            _depths[level.Listing.Value] = _depths.GetValueOrDefault(level.Listing.Value) + depth;
        }
    }

    /// <summary>Units of the shortage are made up for by a location: those that a listing bears stay its own there.</summary>
    public void Bear(LocationId location, int given)
    {
        foreach (var (listing, depth) in _depths.ToList())
        {
            var part = Math.Min(depth, given);
            if (part > 0 && HasLevelAt(listing, location))
            {
                _borne[(new ListingId(listing), location)] = part;
                _depths[listing] = depth - part;
                given -= part;
            }
        }
    }

    private bool HasLevelAt(long listing, LocationId location)
    {
        foreach (var level in _sku.Levels)
        {
            if (level.Listing.Value == listing && level.Location == location)
            {
                return true;
            }
        }

        return false;
    }
}
