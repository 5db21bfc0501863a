using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Engine;

/// <summary>Changes of a channel's catalog, its places and its own life.</summary>
internal static class ChannelChanges
{
    public static FactOutcome Apply(WorkingSet set, ChannelChanged fact, DateTimeOffset now)
    {
        switch (fact.Kind)
        {
            case ChannelChange.Uninstalled:
                return Uninstall(set, fact, now);
            case ChannelChange.LevelConnected:
                return Reconnect(set, fact);
            case ChannelChange.LevelDisconnected:
                return Disconnect(set, fact, now);
            case ChannelChange.ItemChanged:
            case ChannelChange.ItemDeleted:
                return FactEngine.Ask(set, fact.From, WorkKind.RefreshItem, fact.Ref, now + FactEngine.RefreshDelay);
            case ChannelChange.ProductChanged:
            case ChannelChange.ProductDeleted:
                return FactEngine.Ask(set, fact.From, WorkKind.RefreshProduct, fact.Ref, now + FactEngine.RefreshDelay);
            case ChannelChange.LocationChanged:
            case ChannelChange.LocationDeactivated:
            case ChannelChange.LocationActivated:
            case ChannelChange.LocationDeleted:
                return FactEngine.Ask(set, fact.From, WorkKind.RefreshLocations, "", now);
            case ChannelChange.ScopesChanged:
                return FactEngine.Ask(set, fact.From, WorkKind.RefreshAccess, "", now);
            case ChannelChange.SubscriptionChanged:
                return FactEngine.Ask(set, fact.From, WorkKind.RefreshBilling, "", now);
            default:
                throw new ArgumentOutOfRangeException(nameof(fact), fact.Kind, "No rule for this change.");
        }
    }

    /// <summary>
    /// An uninstalled shop goes on selling (rule R13): nothing more is written to it, and what it may sell stays as it
    /// is until it is read again or a person attests that it is closed.
    /// </summary>
    private static FactOutcome Uninstall(WorkingSet set, ChannelChanged fact, DateTimeOffset now)
    {
        if (set.Context.FindChannel(fact.From) is not { } channel
            || channel.Status is ConnectionStatus.Uninstalled or ConnectionStatus.Closed)
        {
            return FactOutcome.Unchanged;
        }

        if (fact.OccurredAt < channel.ReinstalledAt)
        {
            // Of the installation before, and late. Were the clocks to deceive us, the next call is refused and suspends.
            return FactOutcome.Older;
        }

        set.ConnectionChanges.Add(new ConnectionChange(fact.From, ConnectionStatus.Uninstalled, "the app was uninstalled"));
        set.Incidents.Add(new Incident(
            $"uninstalled:{fact.From.Value}", "connection-uninstalled",
            "The app was removed from the shop, which goes on selling what it shows. Reconnect it, or attest that it is closed.",
            fact.From, null, null, now));
        return FactOutcome.Applied;
    }

    /// <summary>The channel no longer keeps this item at this place. What it sold there it may not sell any more.</summary>
    private static FactOutcome Disconnect(WorkingSet set, ChannelChanged fact, DateTimeOffset now)
    {
        if (Find(set, fact) is not var (sku, level))
        {
            return FactOutcome.Unmapped;
        }

        if (level.IsLeaving || level.IsOutOfService)
        {
            return FactOutcome.Unchanged;
        }

        set.Incidents.Add(new Incident(
            $"level-gone:{level.Id.Value}", "level-disconnected", "The channel no longer stocks this item at this location.",
            fact.From, sku.Sku, level.Id, now));
        set.Put(sku.With(LevelLife.Leave(level, LevelStatus.Leaving)));
        set.NoteCause(sku.Sku, fact.OccurredAt);
        return FactOutcome.Applied;
    }

    /// <summary>Back, and possibly with another number: it needs a baseline before anything is written to it.</summary>
    private static FactOutcome Reconnect(WorkingSet set, ChannelChanged fact)
    {
        if (Find(set, fact) is not var (sku, level) || level.Status is not (LevelStatus.Gone or LevelStatus.Leaving))
        {
            return FactOutcome.Unchanged;
        }

        set.Cured.Add($"level-gone:{level.Id.Value}");
        set.Put(sku.With(level with { Status = LevelStatus.New, Generation = level.Generation + 1, NeedsReading = true }));
        return FactOutcome.Applied;
    }

    private static (Stock.SkuState Sku, LevelState Level)? Find(WorkingSet set, ChannelChanged fact) =>
        set.Context.FindChannel(fact.From) is { } channel
        && fact.ExternalLocation is not null
        && channel.Locations.TryGetValue(fact.ExternalLocation, out var location)
        && set.FindListingByItem(fact.From, fact.Ref) is { } listing
        && set.FindSku(listing.Sku) is { } sku
        && sku.FindLevel(fact.From, listing.Listing, location) is { } level
            ? (sku, level)
            : null;
}
