using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Stock;

/// <summary>
/// Sellers that nobody can cap: walk-in tills, marketplaces that sell their own warehouse, importers. Nothing is written
/// to them; what lies at their locations and is not set aside, they may take, and it counts as theirs. Other channels
/// are given only what was set aside, and what they sell of it is not replaced until somebody puts more aside: a unit
/// that the till may have sold a moment ago is not promised again.
/// </summary>
public static class SetAsides
{
    /// <summary>
    /// Units at a location that a seller without a cap may take, ≥ 0; 0 where there is none. Also where by the books nothing lies: what
    /// others sold beyond what was aside is booked as shipped from there, wherever it came from.
    /// </summary>
    public static int MayBeTaken(SkuState sku, EngineContext context, Pool pool)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(pool);
        return pool.Opened && context.HasUncappable(pool.Location)
            ? Math.Max(0, AvailableToSell.Of(pool, sku.Policy with { Preorder = null }) - pool.SetAside)
            : 0;
    }

    /// <summary>The same over all locations of a group.</summary>
    public static int MayBeTaken(SkuState sku, EngineContext context, int group)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var units = 0;
        foreach (var pool in sku.Pools)
        {
            if (AvailableToSell.GroupOf(pool, context) == group)
            {
                units += MayBeTaken(sku, context, pool);
            }
        }

        return units;
    }

    /// <summary>Whether a connection sells whatever it likes.</summary>
    public static bool IsUncappable(EngineContext context, ConnectionId? connection)
    {
        ArgumentNullException.ThrowIfNull(context);
        return connection is { } id && context.FindChannel(id) is { Uncappable: true };
    }

    /// <summary>Units were put aside at a location, or back: so many are aside now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below zero.</exception>
    public static void Put(WorkingSet set, SkuId id, LocationId location, int units)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        var sku = set.FindSku(id) ?? throw new ArgumentException($"SKU {id.Value} is not loaded.", nameof(id));
        set.Put(sku.With(sku.PoolAt(location) with { SetAside = units }));
    }

    /// <summary>
    /// After a hand took units off a capped channel's level, or off what is parked there: out of what was aside, for all anybody
    /// knows, so none of it is promised again from what the till may have sold a moment ago. What a hand adds lies outside.
    /// </summary>
    /// <param name="units">Units that are gone, or not for sale, ≥ 0.</param>
    internal static SkuState TakenByHand(SkuState sku, LocationId location, int units, EngineContext context)
    {
        var pool = sku.PoolAt(location);
        return context.HasUncappable(location) && pool.SetAside > 0
            ? sku.With(pool with { SetAside = Math.Max(0, pool.SetAside - units) })
            : sku;
    }

    /// <summary>
    /// The pool after an entry: what capped channels sold or requests took, and units missing on a capped level, came
    /// out of what was aside; what comes back of it lies there again, and so does what a capped channel moved there. Everything
    /// else concerns what lies outside.
    /// </summary>
    internal static Pool Follow(Pool pool, LedgerEntry entry, EngineContext context) =>
        context.HasUncappable(entry.Location) && ConcernsAside(entry, context)
            ? pool with { SetAside = checked(pool.SetAside + SellableChange(entry)) }
            : pool;

    private static bool ConcernsAside(LedgerEntry entry, EngineContext context) => entry.Reason switch
    {
        EntryReason.ReservationHeld or EntryReason.ReservationReleased or EntryReason.ReservationExpired
            or EntryReason.ReservationCommitted or EntryReason.ReservationAllocated => true,
        EntryReason.Opening or EntryReason.ChannelEdit => false,
        _ => entry.Connection is not null && !IsUncappable(context, entry.Connection),
    };

    private static int SellableChange(LedgerEntry entry) => entry.Bucket switch
    {
        Bucket.OnHand => entry.Delta,
        Bucket.InTransit => 0,
        _ => -entry.Delta,
    };
}
