namespace SyncFlow.Channels.Shopify;

/// <summary>
/// How an order says which reservation it takes over: a cart attribute, which Shopify copies to the order as a note
/// attribute (REST) or custom attribute (GraphQL). Nothing else of the attributes is kept: they may be personal.
/// </summary>
internal static class ReservationAttribute
{
    /// <summary>Name of the attribute; its value is the reservation's reference.</summary>
    internal const string Name = "syncflow_reservation";

    /// <summary>The members of an attribute in an order's webhook.</summary>
    internal static readonly JsonNames InWebhooks = new("name", "value");

    /// <summary>The members of an attribute in an order that we asked for.</summary>
    internal static readonly JsonNames InAnswers = new("key", "value");

    /// <summary>The reference among an order's attributes; null when there is none.</summary>
    /// <param name="names">What the payload calls an attribute's name and value.</param>
    internal static string? In(ref StrictJson json, JsonItems attributes, JsonNames names)
    {
        var attribute = new JsonMembers(names, stackalloc JsonValue[names.Count]);
        while (json.Next(ref attributes, attribute))
        {
            if (json.Is(attribute, 0, "syncflow_reservation"u8))
            {
                var reference = json.Text(attribute, 1).Trim();
                json.Close(ref attributes);
                return reference.Length == 0 ? null : reference;
            }
        }

        return null;
    }
}
