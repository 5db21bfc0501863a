using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Writes the variables of pushes that touch parked units: moves between available and safety stock, both ends compared,
/// and adjustments of safety stock. Source: InventoryMoveQuantitiesInput and InventoryAdjustQuantitiesInput of the Admin
/// API schema; every state but available wants a ledger document, and a call takes one document for all its elements
/// (MAX_ONE_LEDGER_DOCUMENT; of moves two, MAXIMUM_LEDGER_DOCUMENT_URIS). So it names the connection and no level.
/// </summary>
internal static class ParkBody
{
    private const string Available = "available";
    private const string Parked = "safety_stock";

    internal static string Of(Push push)
    {
        if (push.Elements.Length is 0 or > PublishLimits.LevelsPerPush)
        {
            throw new ArgumentException($"a push takes 1 to {PublishLimits.LevelsPerPush} levels", nameof(push));
        }

        var document = string.Create(CultureInfo.InvariantCulture, $"gid://syncflow/Parking/{push.Connection.Value}");
        var buffer = new ArrayBufferWriter<byte>(256 + (push.Elements.Length * 384));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("key", push.Id.ToString());
            json.WriteStartObject("input");
            if (push.Kind == PushKind.Adjust)
            {
                json.WriteString("name", Parked);
            }

            json.WriteString("reason", "safety_stock");
            json.WriteString("referenceDocumentUri", SetBody.Reference(push.Id));
            json.WriteStartArray("changes");
            foreach (var element in push.Elements)
            {
                json.WriteStartObject();
                json.WriteString("inventoryItemId", ShopifyIds.Gid("InventoryItem", element.ItemRef));
                if (push.Kind == PushKind.Adjust)
                {
                    json.WriteNumber("delta", element.ParkedTo - element.ParkedFrom);
                    End(json, element, element.ParkedFrom, document);
                }
                else
                {
                    Move(json, element, document);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Move(Utf8JsonWriter json, PushElement element, string document)
    {
        var parks = element.To < element.From;
        json.WriteNumber("quantity", Math.Abs(element.To - element.From));
        foreach (var (name, parked) in new[] { ("from", !parks), ("to", parks) })
        {
            json.WriteStartObject(name);
            json.WriteString("name", parked ? Parked : Available);
            End(json, element, parked ? element.ParkedFrom : element.From, parked ? document : null);
            json.WriteEndObject();
        }
    }

    /// <summary>One end: where, what it is compared with, and the document of units that are not available.</summary>
    private static void End(Utf8JsonWriter json, PushElement element, int from, string? document)
    {
        json.WriteString("locationId", ShopifyIds.Gid("Location", element.ExternalLocation));
        json.WriteNumber("changeFromQuantity", from);
        if (document is not null)
        {
            json.WriteString("ledgerDocumentUri", document);
        }
    }
}
