using System.Globalization;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Parking;

/// <summary>Where units are parked, and what others do to a shelf on which they are (rule R14).</summary>
public static class ParkingRules
{
    /// <summary>
    /// Whether units are to be parked on a level: its channel is set to, compares, and is the authority for on-hand there;
    /// and the level alone stands for what its channel has of the SKU at the place, unit for unit.
    /// </summary>
    public static bool AreParked(SkuState sku, LevelState level, ChannelSettings channel)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(channel);
        return channel is { Parks: true, CompareAndSet: true, Uncappable: false }
            && level is { UnitsPerSale: 1, SoldAsParts: false } && !sku.IsKit
            && Authority.Accepts(sku, level.Location, channel)
            && !sku.Levels.Any(l => l.Id != level.Id && l.Connection == level.Connection && l.Location == level.Location);
    }

    /// <summary>
    /// Levels follow the settings: one that is to park asks for a reading of its parked state first; one that is not any
    /// more takes out what it has parked.
    /// </summary>
    public static SkuState FollowSettings(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        foreach (var level in sku.Levels)
        {
            if (context.FindChannel(level.Connection) is { } channel && (level.Shelf is not null || channel.Parks))
            {
                sku = sku.With(Followed(level, AreParked(sku, level, channel)));
            }
        }

        return sku;
    }

    /// <summary>
    /// What an entry of on-hand does to shelves at its place: whatever was not seen to happen on a level itself, the
    /// channel's on-hand does not show. A correction while a level waits to agree with the ledger is the agreement.
    /// </summary>
    /// <param name="shownBy">A channel that shows the entry on its own level, now or when it hears of it.</param>
    internal static SkuState Follow(SkuState sku, LedgerEntry entry, ConnectionId? shownBy)
    {
        if (entry.Bucket != Bucket.OnHand)
        {
            return entry is { Bucket: Bucket.Unavailable, Delta: < 0, Level: null } ? Released(sku, entry) : sku;
        }

        foreach (var level in sku.Levels)
        {
            var corrects = entry.Reason is EntryReason.Adjustment or EntryReason.CountVariance && level.Status == LevelStatus.New;
            var shown = level.Id == entry.Level || level.Connection == shownBy;
            if (level.Shelf is { Owed: not null } && level.Location == entry.Location && !shown && !corrects)
            {
                sku = sku.With(Owing(level, entry.Delta));
            }
        }

        return sku;
    }

    /// <summary>
    /// The channel's own order that took nothing from its level (rule R16) moves the goods and not the channel's on-hand.
    /// </summary>
    internal static SkuState FollowUnclaimed(SkuState sku, FootprintRow change) =>
        change.OnHand != 0 && (change.Taken | change.PutBack | change.OpenClaims) == 0
        && change.Level is { } id && sku.FindLevel(id) is { Shelf.Owed: not null } level
            ? sku.With(Owing(level, change.OnHand))
            : sku;

    /// <summary>A level whose parked state was read for the first time: parked on from now, unless somebody keeps units there.</summary>
    internal static LevelState Adopt(WorkingSet set, SkuId sku, LevelState level, Reading reading, DateTimeOffset now)
    {
        if (reading.SafetyStock is not { } found)
        {
            return level;
        }

        if (found == 0)
        {
            set.Cured.Add(InUseKey(level.Id));
            return level with { Shelf = new ParkedShelf { Owed = 0, Since = reading.MarkedAt } };
        }

        set.Incidents.Add(new Incident(
            InUseKey(level.Id), "safety-stock-in-use",
            string.Create(CultureInfo.InvariantCulture, $"The channel has {found} units of safety stock here that SyncFlow did not park; nothing is parked until there are none."),
            level.Connection, sku, level.Id, now));
        return level;
    }

    /// <summary>Somebody released units, or took them away: those found among the parked ones come first.</summary>
    private static SkuState Released(SkuState sku, LedgerEntry entry)
    {
        foreach (var level in sku.Levels)
        {
            if (level.Shelf is { Found: > 0 } shelf && level.Location == entry.Location)
            {
                sku = sku.With(level with { Shelf = shelf with { Found = Math.Max(0, shelf.Found + entry.Delta) } });
            }
        }

        return sku;
    }

    private static string InUseKey(LevelId level) => string.Create(CultureInfo.InvariantCulture, $"safety-stock-in-use:{level.Value}");

    private static LevelState Owing(LevelState level, int units) =>
        level with { Shelf = level.Shelf! with { Owed = level.Shelf.Owed + units } };

    private static LevelState Followed(LevelState level, bool parked) => (level.Shelf, parked) switch
    {
        (null, true) => level with { Shelf = new ParkedShelf(), NeedsReading = level.NeedsReading || level.Belief is not null },
        ({ Owed: null, Since: not null, Adjusted: 0 } shelf, true) when level is { InFlight: null, UnverifiedUnits: 0 } =>
            level with { Shelf = shelf with { Owed = 0 } }, // What was set meanwhile is proven: only moves are told by the parked state.
        ({ Owed: not null } shelf, false) => Ended(level, shelf with { Owed = null }),
        ({ } shelf, false) => Ended(level, shelf),
        _ => level,
    };

    /// <summary>Forgotten once a reading has shown that nothing is parked: a move that was acknowledged may not be there.</summary>
    private static LevelState Ended(LevelState level, ParkedShelf shelf)
    {
        var isShown = level is { NeedsReading: false, IsOutOfService: false, Status: not LevelStatus.New };
        return level with { Shelf = shelf.IsEmpty && (isShown || shelf.Since is null) ? null : shelf };
    }
}
