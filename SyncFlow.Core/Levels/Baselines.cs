using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Takes a level into service: belief is what it shows, less what was sold on an unknown side of the reading; the
/// channel's on-hand opens the ledger where asked and nothing stands there yet.
/// </summary>
internal static class Baselines
{
    public static FactOutcome Apply(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, DateTimeOffset now)
    {
        var reading = fact.Reading;
        if (!Awaits(level) || MayBeOlder(sku.FindLevel(level.Id)!, reading) || sku.Levels.Any(l => MayStillChange(l, reading) && (l.Id == level.Id || ChannelMoves.IsSibling(l, level))))
        {
            return FactOutcome.Unchanged;
        }

        var pool = sku.PoolAt(level.Location);
        // A kit holds nothing of its own: its parts are counted by their own levels.
        var twins = sku.Levels.Where(l => IsTwin(l, level)).ToList();
        var counted = Counted(reading, level, pool);
        var owed = 0;
        if (!sku.IsKit && Opens(reading, pool, level, twins))
        {
            sku = Open(set, fact, sku, level, pool.Opened ? UnitsOf(level, reading.OnHand) : counted - pool.Buckets.OnHand);
            level = level with { Opened = true };
        }
        else if (!sku.IsKit && Varies(reading, counted, Authority.Accepts(sku, level.Location, channel), level, pool, twins, out owed) is { } shown)
        {
            NoteVariance(set, sku, level, shown, now);
            set.Put(sku.With(level with { NeedsReading = false }));
            return FactOutcome.Applied;
        }

        (sku, level) = DraftHolding.Follow(set, fact, sku, level);

        var sold = (int)(level.SoldTotal - reading.SoldMark);
        var putBack = (int)(level.PutBackTotal - reading.PutBackMark);
        set.NoteCause(sku.Sku, now);
        set.Cured.Add(VarianceKey(level));
        set.Put(sku.With(FilledDebts.After(set, level, level with
        {
            Status = channel.Status == ConnectionStatus.Live ? LevelStatus.Live : LevelStatus.Baselined,
            Belief = reading.Available - sold + putBack,
            Unverified = sold > 0 ? [new Unverified(sold, now)] : [],
            InFlight = null, // Of before it was disconnected, and past its deadline: the reading tells what came of it.
            Surplus = 0,
            NeedsReading = false,
            AwaitsAttribution = false,
            Shelf = ShelfBaselines.Of(set, sku, level, channel, reading, owed, now),
        }, booked: 0)));
        return FactOutcome.Applied;
    }

    private static bool Awaits(LevelState level) => level.Status is LevelStatus.New or LevelStatus.Baselined;

    /// <summary>
    /// Whether a request from before it went out of service may still reach it. Its siblings wait for it: what one of them was
    /// closed into another meanwhile would be gone from the one before it counts in the other.
    /// </summary>
    private static bool MayStillChange(LevelState level, Reading reading) => Awaits(level) && level.InFlight?.Deadline > reading.MarkedAt;

    /// <summary>
    /// Whether units went missing, as far as was seen after the marks: they may have been there when it was read, and are sold all the
    /// same. Taken for there they would stand in belief and in suspense. Or whether units were put back, which a level that comes back into
    /// service may have been read with: they would stand in belief twice. Another reading tells.
    /// </summary>
    private static bool MayBeOlder(LevelState level, Reading reading) => (level.Suspense > 0 && level.Observed?.SeenAt > reading.MarkedAt)
        || (reading.Kind == ReadingKind.Baseline && level.PutBackTotal != reading.PutBackMark);

    /// <summary>
    /// What is there now: the on-hand that was read, less what has left since. Of the units that the ledger saw leave
    /// after the mark, those are in the reading already by which the channel's committed was below what open orders we
    /// knew of claimed, and which no cancel explains. Where that cannot be told, they count as left after it: the ledger
    /// may then have too few, and never too many.
    /// </summary>
    private static int Counted(Reading reading, LevelState level, Pool pool)
    {
        var left = Math.Max(0, (reading.OnHandMark ?? pool.Buckets.OnHand) - pool.Buckets.OnHand);
        var cancelled = (int)(level.PutBackTotal - reading.PutBackMark);
        var before = Math.Clamp(UnitsOf(level, reading.OpenClaimsMark - reading.Committed - cancelled), 0, left);
        return UnitsOf(level, reading.OnHand) - (left - before);
    }

    /// <summary>
    /// The ledger has no opening here yet, or has one made of another listing of the same store and place: several
    /// listings of one SKU are one pool, and each brings what is on its own shelf.
    /// </summary>
    private static bool Opens(Reading reading, Pool pool, LevelState level, List<LevelState> twins) =>
        reading.Kind == ReadingKind.OpeningBaseline
        && (!pool.Opened || (!level.Opened && twins.Exists(t => t.Opened)));

    /// <summary>What a channel that owns on-hand shows, all its listings together, where the ledger has something else.</summary>
    /// <param name="owed">What the channel's on-hand does not show of what lies there, as it agrees with the ledger.</param>
    private static int? Varies(
        Reading reading, int counted, bool owns, LevelState level, Pool pool, List<LevelState> twins, out int owed)
    {
        // A level that comes back into service brings a number that nobody has counted: it opens nothing by itself.
        var asked = reading.Kind == ReadingKind.OpeningBaseline || level.Opened;
        var shown = counted + twins.Sum(t => UnitsOf(t, t.Observed?.OnHand ?? 0));
        owed = ShelfBaselines.Owed(level, pool.Buckets.OnHand - shown);
        return asked && owns && pool.Buckets.OnHand != shown + owed ? shown + owed : null;
    }

    /// <summary>One drift case per number shown; the incident stays open until a baseline agrees.</summary>
    private static void NoteVariance(WorkingSet set, SkuState sku, LevelState level, int shown, DateTimeOffset now)
    {
        var known = sku.PoolAt(level.Location).Buckets.OnHand;
        if (set.FindSku(sku.Sku)?.FindLevel(level.Id)?.Observed?.OnHand != level.Observed?.OnHand)
        {
            set.Drift.Add(new DriftCase(
                sku.Sku, level.Id, DriftClass.BaselineVariance, known, shown,
                "not published until on-hand is adjusted and the baseline repeated", now));
        }

        set.Incidents.Add(new Incident(
            VarianceKey(level), "baseline-variance",
            $"The channel owns on-hand here and shows {shown} units, the ledger has {known}; nothing is published until they agree.",
            level.Connection, sku.Sku, level.Id, now));
    }

    /// <summary>A level counts sales, a pool units.</summary>
    private static int UnitsOf(LevelState level, int sales) => sales * level.UnitsPerSale;

    private static bool IsTwin(LevelState level, LevelState of) =>
        level.Id != of.Id && level.Connection == of.Connection && level.Location == of.Location;

    private static string VarianceKey(LevelState level) => $"baseline-variance:{level.Id.Value}";

    private static SkuState Open(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, int units)
    {
        sku = Append(set, fact, sku, level, Bucket.OnHand, units);

        // What is on the shelf and not for sale is counted in, and is not for sale here either.
        sku = Append(set, fact, sku, level, Bucket.Unavailable, UnitsOf(level, Math.Max(0, fact.Reading.Unavailable)));
        return sku.With(sku.PoolAt(level.Location) with { Opened = true });
    }

    private static SkuState Append(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, Bucket bucket, int units) =>
        units == 0
            ? sku
            : set.Append(sku, new LedgerEntry(
                sku.Sku, level.Location, bucket, units, EntryReason.Opening, fact.Key, level.Id, level.Connection,
                fact.InboxEvent, fact.OccurredAt));
}
