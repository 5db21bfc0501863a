using System.Buffers;
using System.Text;
using System.Text.Json;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

/// <summary>Writes the variables of a set of available units.</summary>
internal static class SetBody
{
    /// <summary>Our trace in the merchant's inventory history.</summary>
    internal static string Reference(Guid push) => $"gid://syncflow/Push/{push}";

    internal static string Of(string key, IReadOnlyList<PushElement> elements, string referenceUri)
    {
        if (elements.Count is 0 or > PublishLimits.LevelsPerPush)
        {
            throw new ArgumentException($"a set takes 1 to {PublishLimits.LevelsPerPush} levels", nameof(elements));
        }

        var buffer = new ArrayBufferWriter<byte>(256 + (elements.Count * 192));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("key", key);
            json.WriteStartObject("input");
            json.WriteString("name", "available");
            json.WriteString("reason", "correction");
            json.WriteString("referenceDocumentUri", referenceUri);
            json.WriteStartArray("quantities");
            foreach (var element in elements)
            {
                json.WriteStartObject();
                json.WriteString("inventoryItemId", ShopifyIds.Gid("InventoryItem", element.ItemRef));
                json.WriteString("locationId", ShopifyIds.Gid("Location", element.ExternalLocation));
                json.WriteNumber("quantity", element.To);
                json.WriteNumber("changeFromQuantity", element.From);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
