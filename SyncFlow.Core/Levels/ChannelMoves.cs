using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// When a channel closes a location it may move what is there, orders included, to another of its own. No message says
/// so: units are missing on the closing level, and as many appeared on a sibling of the same listing. Seen side by side
/// they are one movement, booked as a pair, so that the total never changes while they move.
/// </summary>
internal static class ChannelMoves
{
    /// <summary>
    /// Units that a reading shows above what is explained, as far as they are missing on a closing sibling, or are sought for
    /// one: a decrease there that was not done.
    /// </summary>
    /// <returns>The SKU with the pairs booked, how many units it was, and of these those that are missing where they were booked.</returns>
    public static (SkuState Sku, int Moved, int Booked) Arrive(WorkingSet set, LevelRead fact, SkuState sku, LevelState to, int units)
    {
        var (arrived, booked) = (0, 0);
        foreach (var source in sku.Levels)
        {
            if (!IsSibling(source, to) || source.Status != LevelStatus.Closing)
            {
                continue;
            }

            var missing = Math.Min(units - arrived, source.Suspense);
            var sought = Math.Min(units - arrived - missing, SoughtUnits.Of(source));
            if (missing + sought > 0)
            {
                sku = Give(set, fact, sku, source, missing, sought);
                var lay = OfThose(set, sku, source, missing + sought);
                sku = Pair(set, fact, sku, source, to, lay);
                booked += FilledDebts.IsCounted(set, source) ? lay : missing + sought;
                arrived += missing + sought;
            }
        }

        return (sku, arrived, booked);
    }

    private static SkuState Give(WorkingSet set, LevelRead fact, SkuState sku, LevelState source, int missing, int sought)
    {
        sku = LevelEntries.Append(set, fact, sku, source, Bucket.Suspense, -missing, EntryReason.SuspenseExplained);
        return sku.With(SoughtUnits.Found(source, sought) with
        {
            Suspense = source.Suspense - missing,
            SuspenseSince = source.Suspense == missing ? null : source.SuspenseSince,
            SuspenseReadings = source.Suspense == missing ? 0 : source.SuspenseReadings,
            NeedsReading = true,
        });
    }

    /// <summary>Units that a reading of a closing level misses, as far as they appeared on a sibling.</summary>
    /// <returns>The SKU with the pair booked, and how many units it was.</returns>
    public static (SkuState Sku, int Moved) Depart(WorkingSet set, LevelRead fact, SkuState sku, LevelState source, int units)
    {
        var to = source.Status != LevelStatus.Closing
            ? null
            : sku.Levels.FirstOrDefault(l => IsSibling(l, source) && l.Status == LevelStatus.Live && l.Surplus > 0);
        if (to is null)
        {
            return (sku, 0);
        }

        var moved = Math.Min(units, to.Surplus);
        var lay = OfThose(set, sku, source, moved);
        var there = to with { Surplus = to.Surplus - moved, Belief = to.Belief + moved, NeedsReading = true };
        sku = sku.With(FilledDebts.After(set, to, there, FilledDebts.IsCounted(set, source) ? lay : moved));
        return (Pair(set, fact, sku, source, to, lay), moved);
    }

    /// <summary>
    /// Of units that a channel moved off a place, those that lie there. In shared mode every channel shows the same units, and
    /// one that closes the place after another moves what is at the other place already. What the authority shows lies there; and
    /// where another channel is the authority and shows the place, its word alone moves anything.
    /// </summary>
    private static int OfThose(WorkingSet set, SkuState sku, LevelState source, int moved)
    {
        if (set.Context.FindChannel(source.Connection) is { } channel && ChannelEdits.IsAccepted(sku, source, channel))
        {
            return moved;
        }

        foreach (var part in Draws.ComponentsOf(set, sku.Sku, source.UnitsPerSale))
        {
            var state = part.Sku == sku.Sku ? sku : set.FindSku(part.Sku)!;
            moved = IsOthers(set, state, source) ? 0 : Math.Clamp(state.PoolAt(source.Location).Buckets.OnHand / part.Units, 0, moved);
        }

        return moved;
    }

    /// <summary>Whether on-hand at a level's place is another channel's to say, which has a level of the SKU there.</summary>
    private static bool IsOthers(WorkingSet set, SkuState sku, LevelState source)
    {
        foreach (var level in sku.Levels)
        {
            if (level.Location == source.Location && level.Connection != source.Connection && level.Status != LevelStatus.Gone
                && set.Context.FindChannel(level.Connection) is { } other && ChannelEdits.IsAccepted(sku, level, other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Units that are missing on a level for good, as far as a sibling has as many too many: an order moved, or somebody moved
    /// them, and no message told of it. Both ends are over then; concluded one by one, the units would be taken for found at the
    /// other end. Not what is there because a change of on-hand was not done.
    /// </summary>
    /// <param name="ownsOnHand">Whether what the channel shows is a fact about stock there.</param>
    /// <returns>The SKU, and how many units it was.</returns>
    public static (SkuState Sku, int Moved) Conclude(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState source, int units, bool ownsOnHand, DateTimeOffset now)
    {
        var to = sku.Levels.FirstOrDefault(l => IsSibling(l, source) && l.Status == LevelStatus.Live
            && l.Surplus + l.Adopted > OfChange(fact.Reading, sku, source, l));
        if (to is null)
        {
            return (sku, 0);
        }

        var moved = Math.Min(units, to.Surplus + to.Adopted - OfChange(fact.Reading, sku, source, to));
        var adopted = Math.Min(moved, to.Adopted);
        var lieThere = ownsOnHand ? !LieAsBooked(fact.Reading, sku, source, to) : sku.PoolAt(source.Location).Opened && !sku.PoolAt(to.Location).Opened;
        var there = to with
        {
            Adopted = to.Adopted - adopted,
            Surplus = to.Surplus - (moved - adopted),
            Belief = to.Belief + (moved - adopted),
            NeedsReading = true,
        };
        sku = sku.With(FilledDebts.After(set, to, there, lieThere || !FilledDebts.IsCounted(set, source) ? moved : 0));
        set.Drift.Add(new DriftCase(
            sku.Sku, to.Id, DriftClass.OutsideIncrease, to.Explained ?? 0, (to.Belief ?? 0) + to.Surplus, "moved: as many are missing on another level", now));
        return (lieThere ? Pair(set, fact, sku, source, to, moved) : sku, moved);
    }

    /// <summary>
    /// Whether the authority's on-hand is what the ledger has at both ends: an order that moved and was cancelled unseen is missing
    /// at one end and too many at the other, and nothing lies elsewhere than it did.
    /// </summary>
    private static bool LieAsBooked(Reading reading, SkuState sku, LevelState source, LevelState to) =>
        source.UnitsPerSale == 1 && IsBooked(sku, source, reading.OnHand) && to.Observed is { OnHand: { } there } && IsBooked(sku, to, there);

    /// <summary>
    /// Of what appeared on an authority's level, units that lie there because a change of on-hand in doubt was not done, nor the move
    /// after it: its on-hand is as much beyond the ledger, and that move was in doubt as well. Not where on-hand of the level that misses
    /// them is what the ledger has, for an order holds them there.
    /// </summary>
    private static int OfChange(Reading reading, SkuState sku, LevelState source, LevelState to) =>
        to is { Shelf: { IsKept: true, Adjusted: < 0 } shelf, Observed.OnHand: { } there } && !IsBooked(sku, source, reading.OnHand)
            ? Math.Clamp(there + shelf.Owed!.Value - sku.PoolAt(to.Location).Buckets.OnHand, 0, Math.Min(to.Surplus, Math.Min(shelf.Lacked, -shelf.Adjusted)))
            : 0;

    private static bool IsBooked(SkuState sku, LevelState level, int onHand) =>
        sku.PoolAt(level.Location).Buckets.OnHand == onHand + (level.Shelf?.Owed ?? 0);

    /// <summary>Whether a level has siblings that are published.</summary>
    public static bool HasSiblings(SkuState sku, LevelState level) => sku.Levels.Any(l => IsSibling(l, level) && l.Status == LevelStatus.Live);

    /// <summary>Whether a sibling is at a closed place, as far as we know, and read out.</summary>
    public static bool HasClosed(SkuState sku, LevelState level)
    {
        foreach (var sibling in sku.Levels)
        {
            if (sibling.Status == LevelStatus.Closed && IsSibling(sibling, level))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether units may have moved between this level and a sibling: the other end may yet be read, and the message that a
    /// location was closed, or an order moved, may still be on its way or lost.
    /// </summary>
    public static bool MayHaveMoved(SkuState sku, LevelState level, bool missing) =>
        (missing && level.Status == LevelStatus.Closing) || sku.Levels.Any(
            l => IsSibling(l, level) && (missing
                ? l.Surplus + l.Adopted > 0
                : l.Suspense > 0 || l.Status == LevelStatus.Closing || SoughtUnits.Of(l) > 0));

    /// <summary>Whether a reading with sales on either side of it may hide the other end of a movement that shows on a sibling.</summary>
    public static bool MayHide(SkuState sku, LevelState level) => MayHaveMoved(sku, level, missing: false)
        || (level.Status == LevelStatus.Live && MayHaveMoved(sku, level, missing: true));

    /// <summary>
    /// Whether units that are missing on a level, or too many, may be on a sibling, or off it, that cannot be read now because an
    /// answer is lost there: nothing is concluded before it is known.
    /// </summary>
    public static bool AwaitsSibling(SkuState sku, LevelState level)
    {
        foreach (var sibling in sku.Levels)
        {
            if (IsSibling(sibling, level) && sibling is { Status: LevelStatus.Live, InFlight: not null })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a sibling was asked and is not read yet: it may have what a level misses, or lack what that has too many of.</summary>
    public static bool IsSiblingUnread(SkuState sku, LevelState level)
    {
        foreach (var sibling in sku.Levels)
        {
            if (IsSibling(sibling, level) && sibling is { Status: LevelStatus.Live, WantsReading: true, Suspense: 0, Surplus: 0, Adopted: 0 })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether no reading showed units too many before; where the level has siblings an announcement is none, for they are asked
    /// by readings alone.
    /// </summary>
    /// <param name="sku">As it was before the reading.</param>
    public static bool IsFirstSeen(SkuState sku, LevelState level) => level.Surplus + level.Adopted == 0
        || (sku.FindLevel(level.Id)!.Observed is not { OnHand: not null } && HasSiblings(sku, level));

    /// <summary>Whether a sibling may miss units that are too many on a level, and no reading of it has told since they were seen.</summary>
    /// <param name="sku">As it was before the reading.</param>
    public static bool MayBeMissed(SkuState sku, LevelState level) =>
        HasSiblings(sku, level) && (IsFirstSeen(sku, level) || IsSiblingUnread(sku, level) || AwaitsSibling(sku, level));

    /// <summary>
    /// Where units are missing on a level, or too many, a sibling may have them, or lack them, and no message need have told of
    /// it: it is read as well.
    /// </summary>
    public static SkuState AskSiblings(SkuState sku, LevelState level)
    {
        foreach (var sibling in sku.Levels)
        {
            if (IsSibling(sibling, level) && sibling is { Status: LevelStatus.Live, NeedsReading: false })
            {
                sku = sku.With(sibling with { NeedsReading = true });
            }
        }

        return sku;
    }

    /// <summary>So many units left one level and are on the other.</summary>
    public static SkuState Pair(WorkingSet set, LevelRead fact, SkuState sku, LevelState source, LevelState to, int moved)
    {
        set.NoteCause(sku.Sku, fact.OccurredAt);
        sku = LevelEntries.Append(set, fact, sku, source, Bucket.OnHand, -moved, EntryReason.ChannelTransfer);
        return LevelEntries.Append(set, fact, sku, to, Bucket.OnHand, moved, EntryReason.ChannelTransfer);
    }

    /// <summary>Whether a level is of the same listing, at another location of the same channel.</summary>
    public static bool IsSibling(LevelState level, LevelState of) =>
        level.Id != of.Id && level.Listing == of.Listing && level.Connection == of.Connection;
}
