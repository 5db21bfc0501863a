namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// The checks that Shopify's inventory mutations share. Source of the codes: the Admin API schema 2026-10; the wording of
/// messages is close to Shopify's, not identical.
/// </summary>
internal static class InventoryRules
{
    /// <summary>Greatest quantity a set accepts (schema: INVALID_QUANTITY_TOO_HIGH).</summary>
    internal const int MaxSet = 1_000_000_000;

    /// <summary>Greatest result of an adjustment, either way (schema).</summary>
    internal const int MaxAdjusted = 2_000_000_000;

    /// <summary>Greatest length of any array argument (Shopify: API limits).</summary>
    internal const int MaxElements = 250;

    private static readonly HashSet<string> Reasons = new(StringComparer.Ordinal)
    {
        "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated", "movement_received",
        "movement_canceled", "other", "promotion", "quality_control", "received", "reservation_created",
        "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
    };

    internal static InventoryError? Reason(string reason) => Reasons.Contains(reason)
        ? null
        : new InventoryError("INVALID_REASON", ["input", "reason"], "The specified reason is invalid.");

    internal static InventoryError? Reference(string? uri) => uri is null || IsUri(uri)
        ? null
        : new InventoryError(
            "INVALID_REFERENCE_DOCUMENT", ["input", "referenceDocumentUri"],
            "The specified reference document is invalid.");

    internal static bool IsUri(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme.Length > 0 && !text.Contains(' ');

    /// <summary>Item and location exist, the item can be written, and it is stocked where the version asks for it.</summary>
    internal static InventoryError? Target(
        Shop shop, long? itemId, long? locationId, string apiVersion, string[] itemPath, string[] locationPath)
    {
        if (itemId is not { } item || shop.VariantByItem(item) is not { } variant)
        {
            return new InventoryError(
                "INVALID_INVENTORY_ITEM", itemPath, "The specified inventory item could not be found.");
        }

        if (variant.IsBundleParent)
        {
            return new InventoryError(
                "NON_MUTABLE_INVENTORY_ITEM", itemPath, "The specified inventory item is not allowed to be adjusted.");
        }

        if (locationId is not { } location || shop.LocationById(location) is not { IsActive: true })
        {
            return new InventoryError("INVALID_LOCATION", locationPath, "The specified location could not be found.");
        }

        // Through 2026-07 a pair had to be stocked; from 2026-10 the quantity is kept on an inactive level.
        return string.CompareOrdinal(apiVersion, "2026-10") < 0 && shop.Level(item, location) is not { IsActive: true }
            ? new InventoryError(
                "ITEM_NOT_STOCKED_AT_LOCATION", locationPath,
                "The specified inventory item is not stocked at the location.")
            : null;
    }

    internal static InventoryError Stale(string[] path) => new(
        "CHANGE_FROM_QUANTITY_STALE", path,
        "The changeFromQuantity argument no longer matches the persisted quantity.");

    /// <summary>The rule for the documents of one call: no more different ones than so many.</summary>
    internal static InventoryError? Documents(IEnumerable<string?> uris, string code, int most) =>
        uris.OfType<string>().Distinct().Count() <= most
            ? null
            : new InventoryError(code, ["input", "changes"], "The changes have too many different ledger document URIs.");

    /// <summary>The rule for ledger documents: needed for every state but available, which must not have one.</summary>
    internal static InventoryError? Document(StockState state, string? uri, string[] path)
    {
        if (state == StockState.Available)
        {
            return uri is null
                ? null
                : new InventoryError(
                    "INVALID_AVAILABLE_DOCUMENT", path,
                    "A ledger document URI is not allowed when adjusting available.");
        }

        if (uri is null)
        {
            return new InventoryError(
                "INVALID_QUANTITY_DOCUMENT", path, "A ledger document URI is required except when adjusting available.");
        }

        if (!IsUri(uri))
        {
            return new InventoryError(
                "INVALID_LEDGER_DOCUMENT", path, "The specified ledger document is invalid.");
        }

        return uri.StartsWith("gid://shopify/", StringComparison.Ordinal)
            ? new InventoryError(
                "INTERNAL_LEDGER_DOCUMENT", path, "Internal (gid://shopify/) ledger documents are not allowed.")
            : null;
    }
}
