using System.Collections.Immutable;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Units that a level may have shown, and that its own reading cannot disprove: it shows nothing, and where its location was
/// closed into another (no message need have told of it) they are on another level of its listing. They stay in its bound until
/// every other level of the listing was read later than that; whatever those show more is counted there by then.
/// </summary>
internal static class SoughtUnits
{
    /// <summary>Units of a level that are sought on the others.</summary>
    public static int Of(LevelState level)
    {
        var units = 0;
        foreach (var doubted in level.Unverified)
        {
            units += doubted.Sought == level.Id ? doubted.Units : 0;
        }

        return units;
    }

    /// <summary>Whether units of another level are sought on a level: it is to be read.</summary>
    public static bool IsAsked(LevelState level)
    {
        foreach (var doubted in level.Unverified)
        {
            if (doubted.Sought is { } id && id != level.Id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether what a level shows itself is in doubt: a decrease on it may not have been done. Its units that are sought elsewhere are
    /// in its bound, and no reading of its own tells more of them.
    /// </summary>
    public static bool IsItselfInDoubt(LevelState level) => level.UnverifiedUnits > Of(level);

    /// <summary>
    /// Whether a level may have been emptied by closing its location into another: nothing lies there (orders that were placed
    /// since may have taken it below zero), or it closes and units are missing. Then what was in doubt on it was moved with the
    /// rest, and the reading disproves none of it. Parked units go with the rest: while some lie there it was not.
    /// </summary>
    /// <param name="low">The least that is explained.</param>
    public static bool IsEmptied(SkuState sku, LevelState level, Reading reading, int low) =>
        reading.SafetyStock is not > 0
        && ((level.Status == LevelStatus.Closing && (reading.Available == 0 || reading.Available < low))
            || reading.Available + reading.Committed + reading.Reserved <= 0)
        && MayBeElsewhere(sku, level);

    /// <summary>
    /// What a reading of a level does not settle: what was acknowledged after its marks, what is sought here where that may hide
    /// behind sales or may have been moved on, and what is sought elsewhere until all of that was read.
    /// </summary>
    /// <param name="hides">Whether units may be there that the reading does not show.</param>
    /// <param name="moved">Units that are sought elsewhere from now on.</param>
    public static ImmutableArray<Unverified> Left(
        SkuState sku, LevelState level, DateTimeOffset markedAt, bool hides, int moved, DateTimeOffset now)
    {
        if (level.Unverified.IsEmpty && moved == 0)
        {
            return [];
        }

        var later = level.Unverified.Where(u => u.Sought != level.Id && (u.At > markedAt || (u.Sought is not null && hides)));
        var sought = moved + (AreSought(sku, level.Id) ? Of(level) : 0);
        return sought > 0 ? [.. later, new Unverified(sought, now, level.Id)] : [.. later];
    }

    /// <summary>Whether a level has siblings that units of it may have been moved to.</summary>
    public static bool MayBeElsewhere(SkuState sku, LevelState level)
    {
        foreach (var sibling in sku.Levels)
        {
            if (MayHold(sibling, level))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a sibling has not been read since a level was found to show nothing.</summary>
    public static bool AreSought(SkuState sku, LevelId source)
    {
        foreach (var level in sku.Levels)
        {
            if (level.Id != source && level.Status is not (LevelStatus.Gone or LevelStatus.Closed) && IsAsked(level, source))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>From now on every sibling is to be read.</summary>
    public static SkuState Seek(SkuState sku, LevelState source, DateTimeOffset now)
    {
        foreach (var sibling in sku.Levels)
        {
            if (MayHold(sibling, source))
            {
                sku = sku.With(sibling with
                {
                    Unverified = [.. sibling.Unverified.Where(u => u.Sought != source.Id), new Unverified(0, now, source.Id)],
                });
            }
        }

        return sku;
    }

    /// <summary>A level with so many units fewer that are sought for it.</summary>
    public static LevelState Found(LevelState source, int units)
    {
        var left = Of(source) - units;
        var at = source.Unverified.FirstOrDefault(u => u.Sought == source.Id).At;
        var others = source.Unverified.Where(u => u.Sought != source.Id);
        return source with { Unverified = left > 0 ? [.. others, new Unverified(left, at, source.Id)] : [.. others] };
    }

    /// <summary>What was sought on a level that was read since is not there; where no other one is left to read it is nowhere.</summary>
    public static SkuState Answered(SkuState sku, LevelState before, LevelState after)
    {
        foreach (var asked in before.Unverified)
        {
            if (asked.Sought is { } id && id != before.Id && !IsAsked(after, id) && !AreSought(sku, id) && sku.FindLevel(id) is { } source)
            {
                sku = sku.With(Found(source, Of(source)) with { NeedsReading = source.NeedsReading || source.IsLeaving });
            }
        }

        return sku;
    }

    /// <summary>
    /// A level was emptied, or went out of service, that others were to be sought on: what was sought may have been moved off it
    /// too. It is sought on the others again, or given back to a level that may have got it: that is read, and asks anew.
    /// </summary>
    /// <param name="before">The level with all that was sought on it.</param>
    /// <param name="after">The level with what is sought on it still.</param>
    public static SkuState PassOn(SkuState sku, LevelState before, LevelState after, DateTimeOffset now)
    {
        foreach (var asked in before.Unverified)
        {
            if (asked.Sought is { } id && id != before.Id && !IsAsked(after, id) && sku.FindLevel(id) is { } source)
            {
                sku = source.IsLeaving ? SeekElsewhere(sku, source, before.Id, now) : GiveBack(sku, source, now);
            }
        }

        return sku;
    }

    private static SkuState SeekElsewhere(SkuState sku, LevelState source, LevelId emptied, DateTimeOffset now)
    {
        sku = Seek(sku, source, now);
        var asked = sku.FindLevel(emptied)!;
        sku = sku.With(asked with { Unverified = [.. asked.Unverified.Where(u => u.Sought != source.Id)] });
        return AreSought(sku, source.Id) ? sku : sku.With(Found(source, Of(source)));
    }

    private static SkuState GiveBack(SkuState sku, LevelState source, DateTimeOffset now)
    {
        var units = Of(source);
        foreach (var level in sku.Levels)
        {
            if (IsAsked(level, source.Id))
            {
                sku = sku.With(level with { Unverified = [.. level.Unverified.Where(u => u.Sought != source.Id)] });
            }
        }

        var left = Found(source, units);
        return sku.With(left with { Unverified = units > 0 ? left.Unverified.Add(new Unverified(units, now)) : left.Unverified, NeedsReading = true });
    }

    private static bool MayHold(LevelState sibling, LevelState source) =>
        ChannelMoves.IsSibling(sibling, source) && sibling is { Belief: not null, Status: not (LevelStatus.Gone or LevelStatus.Closed) };

    private static bool IsAsked(LevelState level, LevelId source)
    {
        foreach (var doubted in level.Unverified)
        {
            if (doubted.Sought == source)
            {
                return true;
            }
        }

        return false;
    }
}
