using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;

namespace SyncFlow.Core.Levels;

/// <summary>
/// The life of a stock item on a channel: deleted, tracked or not, capped or not. Guard rests on the channel refusing
/// to sell more than it shows; where that ends an incident says so, the channel's levels no longer count as guarded,
/// and nobody else is changed.
/// </summary>
internal static class ItemRules
{
    public static FactOutcome Apply(WorkingSet set, ItemRead fact, DateTimeOffset now)
    {
        if (set.FindListingByItem(fact.From, fact.ItemRef) is not { } listing || set.FindSku(listing.Sku) is not { } before)
        {
            return FactOutcome.Unmapped;
        }

        var sku = before;
        foreach (var level in before.Levels.Where(l => l.Connection == fact.From && l.Listing == listing.Listing))
        {
            sku = sku.With(fact.Present ? Limited(Returned(level, listing), fact.Limit) : Deleted(level));
        }

        if (listing.Active != fact.Present)
        {
            set.ListingsActive[listing.Listing] = fact.Present;
        }

        Report(set, fact, listing, now);
        if (sku == before)
        {
            return listing.Active == fact.Present ? FactOutcome.Unchanged : FactOutcome.Applied;
        }

        set.NoteCause(sku.Sku, fact.OccurredAt);
        set.Put(sku);
        return FactOutcome.Applied;
    }

    private static LevelState Deleted(LevelState level) =>
        level.IsLeaving || level.Status is LevelStatus.Gone or LevelStatus.Closed
            ? level
            : LevelLife.Leave(level, LevelStatus.Leaving);

    /// <summary>An archived listing that the channel has again: what it shows now is known by a baseline only.</summary>
    private static LevelState Returned(LevelState level, ListingInfo listing) =>
        !listing.Active && level.Status is LevelStatus.Gone or LevelStatus.Leaving
            ? level with { Status = LevelStatus.New, Generation = level.Generation + 1, NeedsReading = true }
            : level;

    private static LevelState Limited(LevelState level, SellingLimit limit)
    {
        if (level.Limit == limit)
        {
            return level;
        }

        var changed = level with { Limit = limit };
        if (level.IsLeaving || level.Status is LevelStatus.Gone or LevelStatus.Closed)
        {
            return changed;
        }

        if (limit == SellingLimit.Untracked)
        {
            return changed with
            {
                Status = LevelStatus.Untracked,
                Generation = level.Generation + 1,
                Target = null,
                NeedsReading = false,
                AwaitsAttribution = false,
            };
        }

        // What a level shows that is counted again is not what is there: it needs a baseline like a new one.
        return level.Status == LevelStatus.Untracked
            ? changed with { Status = LevelStatus.New, Generation = level.Generation + 1, NeedsReading = true }
            : changed;
    }

    private static void Report(WorkingSet set, ItemRead fact, ListingInfo listing, DateTimeOffset now)
    {
        var limit = fact.Present ? fact.Limit : SellingLimit.Shown;
        Incident Of(string kind, string message) => new(
            $"{kind}:{listing.Listing.Value}", kind, message, fact.From, listing.Sku, null, now);

        foreach (var (broken, incident) in new[]
        {
            (limit == SellingLimit.None, Of(AssumptionKinds.Uncapped,
                "The channel now sells this item at zero and below; it is not guarded there any more.")),
            (limit == SellingLimit.Untracked, Of(AssumptionKinds.Untracked,
                "The channel no longer counts this item's stock; it is not published there, and not guarded.")),
            (!fact.Present, Of("listing-archived", "The channel deleted this item; its listing is archived and sells nothing.")),
        })
        {
            if (broken)
            {
                set.Incidents.Add(incident);
            }
            else
            {
                set.Cured.Add(incident.Key);
            }
        }
    }
}
