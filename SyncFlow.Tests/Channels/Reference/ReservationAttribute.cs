using System.Text.Json;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>
/// How an order says which reservation it takes over: a cart attribute, which Shopify copies to the order as a note
/// attribute (REST) or custom attribute (GraphQL). Nothing else of the attributes is kept: they may be personal.
/// </summary>
internal static class ReservationAttribute
{
    /// <summary>Name of the attribute; its value is the reservation's reference.</summary>
    internal const string Name = "syncflow_reservation";

    /// <summary>The reference among an order's attributes; null when there is none.</summary>
    /// <param name="nameField">What the payload calls an attribute's name.</param>
    internal static string? In(StrictJson json, IEnumerable<(JsonElement Item, string Path)> attributes, string nameField)
    {
        foreach (var (attribute, path) in attributes)
        {
            if (attribute.TryGetProperty(nameField, out var name) && name.ValueKind == JsonValueKind.String
                && name.GetString() == Name)
            {
                var reference = json.Text(attribute, path, "value").Trim();
                return reference.Length == 0 ? null : reference;
            }
        }

        return null;
    }
}
