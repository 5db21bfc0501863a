using System.Globalization;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// How a level goes out of service and comes back (rule R13). A channel that has an item no longer cannot sell it, but
/// sales from just before may still be unseen; so what the level may have sold stays in the bound until a drained
/// reading, and only then its units are free for others.
/// </summary>
public static class LevelLife
{
    /// <summary>Out of service: nothing is written any more, older readings change nothing, a drained one is wanted.</summary>
    /// <param name="level">The level as it is.</param>
    /// <param name="leaving"><see cref="LevelStatus.Leaving"/> or <see cref="LevelStatus.Closing"/>.</param>
    public static LevelState Leave(LevelState level, LevelStatus leaving)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level with
        {
            Status = level.Belief is null ? Ended(leaving) : leaving,
            Target = null,
            Generation = level.Generation + 1,
            NeedsReading = level.Belief is not null,
            AwaitsAttribution = false,

            // What it misses may be on another one from now on: that is asked anew, however often it was missed before.
            SuspenseReadings = 0,
        };
    }

    /// <summary>Every sale from before is known: the level sells nothing, and its bound is free.</summary>
    public static LevelState End(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level with { Status = Ended(level.Status), Unverified = [], Surplus = 0, Adopted = 0, NeedsReading = false };
    }

    /// <summary>
    /// Back in service with what it showed last, to be proven by a reading; not where its item is not counted any more, which
    /// may have been told while it was away.
    /// </summary>
    public static LevelState Return(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        if (level.Limit == SellingLimit.Untracked)
        {
            return level with { Status = LevelStatus.Untracked, Generation = level.Generation + 1, Target = null, NeedsReading = false };
        }

        return level with
        {
            Status = level.Belief is null ? LevelStatus.New : LevelStatus.Live,
            Generation = level.Generation + 1,
            NeedsReading = true,
        };
    }

    /// <summary>
    /// Given free again by a person: it is another level to whatever was read or answered before, and may sell what it
    /// might have sold while it was stopped. It is published again once a drained reading has told what it shows.
    /// </summary>
    public static LevelState Release(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level with
        {
            Status = level.Belief is null ? LevelStatus.New : LevelStatus.Released,
            Generation = level.Generation + 1,
            FailedVerifications = 0,
            NeedsReading = true,
            AwaitsAttribution = false,
        };
    }

    /// <summary>Names the incident of a level whose acknowledged writes were undone.</summary>
    public static string UnpersistedKey(LevelId level) => string.Create(CultureInfo.InvariantCulture, $"unpersisted:{level.Value}");

    /// <summary>Names the incident of a level that the channel refuses to have written.</summary>
    public static string BlockedKey(LevelId level) => string.Create(CultureInfo.InvariantCulture, $"blocked:{level.Value}");

    /// <summary>Names the incident of a level that the channel refused as gone.</summary>
    public static string GoneKey(LevelId level) => string.Create(CultureInfo.InvariantCulture, $"gone:{level.Value}");

    /// <summary>
    /// Levels follow their places: those at a location that is closed on their channel leave, those at one that is open
    /// again come back with what they showed last, to be proven by a reading.
    /// </summary>
    public static SkuState FollowPlaces(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        foreach (var level in sku.Levels)
        {
            if (context.FindChannel(level.Connection) is not { } channel)
            {
                continue;
            }

            var open = channel.IsOpenAt(level.Location);
            if (open && level.Status is LevelStatus.Closed or LevelStatus.Closing)
            {
                sku = sku.With(Return(level));
            }
            else if (!open && level.Status is LevelStatus.Gone or LevelStatus.Leaving && channel.ClosedPlaces.ContainsValue(level.Location))
            {
                // A write was refused before we heard that its place is closed: it comes back when the place does.
                sku = sku.With(level with { Status = level.Status == LevelStatus.Gone ? LevelStatus.Closed : LevelStatus.Closing });
            }
            else if (!open && channel.ClosedPlaces.ContainsValue(level.Location) && !level.IsLeaving && !level.IsOutOfService)
            {
                sku = sku.With(Leave(level, LevelStatus.Closing));
            }
        }

        return sku;
    }

    private static LevelStatus Ended(LevelStatus leaving) =>
        leaving == LevelStatus.Closing ? LevelStatus.Closed : LevelStatus.Gone;
}
