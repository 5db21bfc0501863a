using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Parking;

/// <summary>
/// A level that comes into service, for the first time or again. What its shelf is owed is part of what is compared with the
/// ledger: units that guard parked, or that others brought or took, are no variance.
/// </summary>
internal static class ShelfBaselines
{
    /// <summary>
    /// What the channel's on-hand does not show of what lies there. A change of on-hand that was on its way, or was not
    /// proven, when the level went out of service happened or did not: whichever agrees with the ledger.
    /// </summary>
    /// <param name="lacking">Units that the ledger has and the channel does not show.</param>
    public static int Owed(LevelState level, int lacking)
    {
        if (level.Shelf is not { Owed: { } owed } shelf)
        {
            return 0;
        }

        var onItsWay = level.InFlight is { Change: 0 } ? shelf.InFlight : 0;
        return lacking == owed - onItsWay ? owed - onItsWay : lacking == owed + shelf.Adjusted ? lacking : owed;
    }

    /// <summary>The shelf of a level in service; null where nothing is parked.</summary>
    /// <param name="owed">As the baseline found it.</param>
    public static ParkedShelf? Of(
        WorkingSet set, SkuState sku, LevelState level, ChannelSettings channel, Reading reading, int owed, DateTimeOffset now)
    {
        var parks = ParkingRules.AreParked(sku, level, channel);
        if (level.Shelf?.Since is not null && reading.SafetyStock is { } parked)
        {
            return new ParkedShelf
            {
                Parked = parked,
                Owed = parks ? owed : null,
                Since = reading.MarkedAt,
                MovedTotal = level.Shelf.MovedTotal,
                Found = level.Shelf.Found,
            };
        }

        return parks ? ParkingRules.Adopt(set, sku.Sku, level with { Shelf = new ParkedShelf() }, reading, now).Shelf : null;
    }
}
