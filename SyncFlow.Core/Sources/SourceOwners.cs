using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Sources;

/// <summary>Which sources keep the books of on-hand: by rule, else by their own setting where they have the place.</summary>
internal static class SourceOwners
{
    /// <summary>Whether a source is among those that keep them.</summary>
    public static bool Owns(SkuState sku, LocationId location, ConnectionId source, EngineContext context) =>
        context.FindChannel(source) is { IsSource: true } settings
        && (Authority.Of(sku.AuthorityRules, location) is { } rule
            ? rule.Connection == source
            : settings.OwnsOnHand && settings.IsOpenAt(location));

    /// <summary>Whether a source other than this connection keeps them: what leaves there waits for its posting.</summary>
    public static bool OwnedByOther(SkuState sku, LocationId location, ConnectionId from, EngineContext context) =>
        !Owns(sku, location, from, context) && OwnedBySource(sku, location, context);

    /// <summary>Whether a source may move on-hand there: it keeps the books, or no source and no channel by rule does.</summary>
    public static bool MayMove(SkuState sku, LocationId location, ConnectionId source, EngineContext context) =>
        Owns(sku, location, source, context)
        || (Authority.Of(sku.AuthorityRules, location) is { } rule ? rule.Connection is null : !OwnedBySource(sku, location, context));

    private static bool OwnedBySource(SkuState sku, LocationId location, EngineContext context) =>
        context.Channels.Values.Any(c => c.IsSource && Owns(sku, location, c.Connection, context));
}
