using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Levels as channels announce them: available only, of any age. A lower one is a sale not yet seen (rule R6), a higher
/// one raises what the level may sell and nothing else (rule R7), and our own writes come back as themselves (rule R11).
/// </summary>
internal static class Announcements
{
    public static FactOutcome Apply(WorkingSet set, LevelAnnounced fact, DateTimeOffset now)
    {
        if (set.Context.FindChannel(fact.From) is not { } channel
            || set.FindListingByItem(fact.From, fact.ItemRef) is not { } listing
            || !channel.Locations.TryGetValue(fact.ExternalLocation, out var location)
            || set.FindSku(listing.Sku) is not { } sku
            || sku.FindLevel(fact.From, listing.Listing, location) is not { } level)
        {
            return FactOutcome.Unmapped;
        }

        if (fact.Available is not { } available || fact.Version == 0)
        {
            // Without a value or a version it is only a hint that a real reading is due.
            var differs = level.Belief is not null && fact.Available != level.Belief;
            return Replace(set, sku, level, level with { NeedsReading = level.NeedsReading || differs });
        }

        if (level.Observed is { } seen && fact.Version <= seen.Version)
        {
            return FactOutcome.Older;
        }

        var noted = level with { Observed = new Observation(available, fact.Version, now, null, null) };
        if (level.Belief is not { } belief || fact.Version < level.ExplainedThrough || level.IsOutOfService)
        {
            // Before the baseline, of a moment that belief has left behind, or out of service: kept as history.
            return Replace(set, sku, level, noted);
        }

        if (level.InFlight is not null)
        {
            // On which side of our push it was taken cannot be told; a reading after the answer will.
            return Replace(set, sku, level, noted with { NeedsReading = true });
        }

        return available < belief
            ? Decrease(set, fact, sku, level, noted, belief - available, now)
            : Replace(set, sku, level, Increase(noted, available - belief));
    }

    private static FactOutcome Decrease(
        WorkingSet set, LevelAnnounced fact, Stock.SkuState sku, LevelState level, LevelState noted, int units,
        DateTimeOffset now)
    {
        // None of it is taken from what appeared there: that may be there still, and this a sale.
        sku = LevelEntries.Append(set, fact, sku, level, Bucket.Suspense, units, EntryReason.UnexplainedDecrease);
        set.NoteCause(sku.Sku, fact.OccurredAt);
        set.Put(sku.With(noted with
        {
            Belief = level.Belief - units,
            Suspense = level.Suspense + units,
            SuspenseSince = level.SuspenseSince ?? now,

            // A level that is announced empty may have been closed into another one: what it misses is looked for anew.
            SuspenseReadings = level.Belief == units && ChannelMoves.HasSiblings(sku, level) ? 0 : level.SuspenseReadings,
            AwaitsAttribution = false,
            NeedsReading = true,
        }));
        return FactOutcome.Applied;
    }

    /// <summary>
    /// What acknowledged decreases do not cover already is surplus; an echo of an earlier write of ours is covered. Surplus
    /// that is not seen any more may have been sold: only a drained reading takes it away.
    /// </summary>
    private static LevelState Increase(LevelState noted, int units)
    {
        var surplus = Math.Max(noted.Surplus, units - noted.UnverifiedUnits);
        return noted with { Surplus = surplus, NeedsReading = noted.NeedsReading || surplus > 0 };
    }

    private static FactOutcome Replace(WorkingSet set, Stock.SkuState sku, LevelState before, LevelState after)
    {
        if (before == after)
        {
            return FactOutcome.Unchanged;
        }

        set.Put(sku.With(after));
        return before.Surplus == after.Surplus ? FactOutcome.Unchanged : FactOutcome.Applied;
    }
}
