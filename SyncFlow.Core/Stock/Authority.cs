using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>
/// A rule of the source-of-truth hierarchy: who is right about on-hand of some SKUs at some locations. What is null does
/// not narrow; a connection of null is the ledger itself.
/// </summary>
/// <param name="Sku">One SKU.</param>
/// <param name="SkuPrefix">A group: SKUs whose code begins so. Never together with <paramref name="Sku"/>.</param>
/// <param name="Location">One location.</param>
/// <param name="Connection">The source or channel that owns on-hand; null for the ledger.</param>
public sealed record AuthorityRule(SkuId? Sku, string? SkuPrefix, LocationId? Location, ConnectionId? Connection);

/// <summary>Who owns on-hand: the narrowest rule that fits.</summary>
public static class Authority
{
    /// <summary>
    /// The rule in force for a SKU at a location, among rules that name the SKU, a group it is in, or no SKU; null where
    /// none fits. A SKU is narrower than a group, a longer prefix narrower than a shorter, then a location than none.
    /// </summary>
    public static AuthorityRule? Of(IEnumerable<AuthorityRule> rules, LocationId location)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return rules.Where(r => r.Location is null || r.Location == location)
            .OrderByDescending(r => r.Sku is not null).ThenByDescending(r => r.SkuPrefix?.Length ?? 0)
            .ThenByDescending(r => r.Location is not null).FirstOrDefault();
    }

    /// <summary>Whether a channel's edit of on-hand is a fact. Without a rule the connection's own setting says.</summary>
    public static bool Accepts(SkuState sku, LocationId location, ChannelSettings channel)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(channel);
        return Of(sku.AuthorityRules, location) is { } rule ? rule.Connection == channel.Connection : channel.OwnsOnHand;
    }

    /// <summary>
    /// Whether somebody may correct on-hand: where a rule names a connection only that connection may. Without a rule
    /// anybody may, for a person's word stands beside a channel that owns on-hand by its setting.
    /// </summary>
    /// <param name="from">The connection it came from; null for a person or an integrator.</param>
    public static bool MayCorrect(SkuState sku, LocationId location, ConnectionId? from)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return Of(sku.AuthorityRules, location) is not { Connection: { } owner } || owner == from;
    }
}
