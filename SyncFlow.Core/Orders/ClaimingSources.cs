using System.Collections.Immutable;

namespace SyncFlow.Core.Orders;

/// <summary>
/// Order sources whose orders take units from the level they are sold on (rule R16). Orders of other applications may
/// have been created without claiming inventory (Shopify's <c>orderCreate</c> does so by default): they lower
/// available-to-sell, and belief only when a reading shows the claim.
/// </summary>
public static class ClaimingSources
{
    /// <summary>Shopify's own sales surfaces.</summary>
    public static ImmutableHashSet<string> Shopify { get; } = ImmutableHashSet.Create(
        StringComparer.Ordinal,
        "web", "pos", "iphone", "android", "shopify_draft_order", "checkout_next", "subscription_contract_checkout_one");
}
