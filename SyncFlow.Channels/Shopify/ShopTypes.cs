using System.Collections.Immutable;

namespace SyncFlow.Channels.Shopify;

/// <summary>A shop about itself.</summary>
/// <param name="Domain">Its permanent domain.</param>
/// <param name="PlanName">The plan's public name.</param>
/// <param name="Plus">Whether it is a Plus shop.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="SupportedVersions">API versions the shop answers with support, for example <c>2026-10</c>.</param>
public sealed record ShopInfo(
    string ShopRef, string Domain, string Name, string PlanName, bool Plus, string TimeZone,
    ImmutableArray<string> SupportedVersions);

/// <summary>A shop's location.</summary>
/// <param name="Ref">Numeric id as text.</param>
/// <param name="FulfillsOnline">Whether online orders may be sold from it.</param>
public sealed record ShopLocationInfo(string Ref, string Name, bool Active, bool FulfillsOnline);

/// <summary>A variant with its stock item. One item may stand behind several variants.</summary>
/// <param name="Title">Product and variant title.</param>
/// <param name="Tracked">Whether the shop counts its stock at all.</param>
/// <param name="OversellAllowed">Whether the shop goes on selling at zero (inventory policy CONTINUE).</param>
/// <param name="IsBundle">Whether it needs components, so its own level cannot be written.</param>
/// <param name="Archived">Whether its product is archived.</param>
public sealed record CatalogItem(
    string VariantRef, string ItemRef, string ProductRef, string? Sku, string Title, bool Tracked, bool OversellAllowed,
    bool IsBundle, bool Archived);

/// <summary>Names a level in the shop's own ids.</summary>
public readonly record struct LevelRef(string ItemRef, string ExternalLocation);

/// <summary>A level as read.</summary>
/// <param name="Level">Which.</param>
/// <param name="Values">What it shows; null when the shop has no such level.</param>
public sealed record LevelAnswer(LevelRef Level, LevelValues? Values);

/// <summary>A level's states in units; all but available are ≥ 0.</summary>
/// <param name="Active">Whether the item is stocked at the location.</param>
/// <param name="UpdatedAt">The shop's own time of the last change; whole seconds.</param>
public sealed record LevelValues(
    bool Active, int Available, int OnHand, int Committed, int Reserved, int SafetyStock, DateTimeOffset UpdatedAt);

/// <summary>One order as fetched, to be put into the inbox as <see cref="ContentKinds.ShopifyOrder"/>.</summary>
/// <param name="Json">UTF-8 JSON of the order, whole: nested lists have been read to their ends.</param>
public sealed record FetchedOrder(string OrderRef, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, ReadOnlyMemory<byte> Json);

/// <summary>A page of orders.</summary>
/// <param name="AskedAt">Just before the request was sent, by our clock: the sequence of the snapshots in it.</param>
public sealed record OrderPage(ImmutableArray<FetchedOrder> Orders, DateTimeOffset AskedAt);

/// <summary>What webhook set-up did.</summary>
/// <param name="Topic">As in webhook headers, for example <c>orders/create</c>.</param>
/// <param name="SubscriptionRef">Numeric id as text.</param>
public sealed record WebhookChange(string Topic, WebhookAction Action, string SubscriptionRef);

/// <summary>What was done to a webhook subscription.</summary>
public enum WebhookAction : short
{
    /// <summary>Was right already.</summary>
    Kept = 1,

    /// <summary>Was missing.</summary>
    Created = 2,

    /// <summary>Pointed elsewhere.</summary>
    Repaired = 3,

    /// <summary>Was not wanted, or there twice.</summary>
    Deleted = 4,
}

/// <summary>What the idempotency probe found.</summary>
public enum IdempotencyProof : short
{
    /// <summary>The shop refused other arguments under the same key: it keeps keys.</summary>
    Proven = 1,

    /// <summary>It carried the second call out: keys mean nothing there.</summary>
    NotHonoured = 2,

    /// <summary>The level moved during the probe, or the probe was refused otherwise: nothing learned; try again.</summary>
    Inconclusive = 3,
}
