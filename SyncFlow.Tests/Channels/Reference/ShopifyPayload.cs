using System.Text.Json;
using SyncFlow.Channels;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>Opens a payload and turns everything that may be wrong with it into a reason.</summary>
internal static class ShopifyPayload
{
    internal delegate NormaliseResult Reading(in JsonElement root, StrictJson json);

    internal static NormaliseResult Read(InboundEvent e, Reading read)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(e.Body);
        }
        catch (JsonException)
        {
            return NormaliseResult.Malformed("body is not JSON");
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return NormaliseResult.Malformed("body is not an object");
            }

            var json = new StrictJson();
            try
            {
                var result = read(document.RootElement, json);
                return json.Problem is { } problem ? NormaliseResult.Malformed(problem) : result;
            }
            catch (InvalidOperationException)
            {
                // The parser finds text that is not Unicode (a lone surrogate, bad UTF-8) only when it is read.
                return NormaliseResult.Malformed("body holds text that is not Unicode");
            }
        }
    }
}
