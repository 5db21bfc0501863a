using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Texts that people typed into a shop. What no database can keep is no reason to stop at a product: a sign stands in its
/// place. Nothing is left out, for a code without it may be another product's.
/// </summary>
internal static class ShopifyText
{
    private const char Unreadable = '\uFFFD';

    /// <summary>A text that can be kept; null where it is null.</summary>
    /// <exception cref="InvalidOperationException">The value is no text.</exception>
    internal static string? Kept(JsonElement value) => value.ValueKind == JsonValueKind.Null
        ? null
        : (JsonText.Read(value) ?? value.GetRawText().Trim('"')).Replace('\0', Unreadable);
}
