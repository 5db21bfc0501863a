using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>Opens a payload and turns everything that may be wrong with it into a reason.</summary>
internal static class ShopifyPayload
{
    /// <summary>Reads a body to its end.</summary>
    /// <param name="body">Stands at the body's beginning.</param>
    internal delegate NormaliseResult Reading(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json);

    internal static NormaliseResult Read(InboundEvent e, Reading read)
    {
        try
        {
            var body = new Utf8JsonReader(e.Body.Span);
            body.Read();
            if (body.TokenType != JsonTokenType.StartObject)
            {
                ToEnd(ref body);
                return NormaliseResult.Malformed("body is not an object");
            }

            var json = new StrictJson(e.Body.Span);
            var result = read(e, ref body, ref json);
            ToEnd(ref body);
            return json.Problem is { } problem ? NormaliseResult.Malformed(problem) : result;
        }
        catch (JsonException)
        {
            return NormaliseResult.Malformed("body is not JSON");
        }
    }

    /// <summary>Nothing may follow a body, and what was not wanted of it must be JSON, too.</summary>
    private static void ToEnd(ref Utf8JsonReader body)
    {
        while (body.Read())
        {
        }
    }
}
