using System.Text.Json;
using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>Reads members of JSON answers. A member that is missing or of another kind is null; the caller decides.</summary>
internal static class JsonReading
{
    public static string? Text(this JsonNode? node, string member) => Kind(node, member) switch
    {
        JsonValueKind.String => node![member]!.GetValue<string>(),
        JsonValueKind.Number => node![member]!.ToJsonString(), // Ids may be numbers; to us they are names.
        _ => null,
    };

    public static double? Number(this JsonNode? node, string member)
    {
        return Kind(node, member) == JsonValueKind.Number ? (double)node![member]! : null;
    }

    public static bool? Flag(this JsonNode? node, string member) => Kind(node, member) switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The objects of an answer that is a list, or an object with its list under <c>items</c> or another name.</summary>
    public static IReadOnlyList<JsonObject> Items(this JsonNode? node, string member = "items")
    {
        var list = node as JsonArray ?? (node as JsonObject)?[member] as JsonArray;
        return list is null ? [] : [.. list.OfType<JsonObject>()];
    }

    private static JsonValueKind? Kind(JsonNode? node, string member) => (node as JsonObject)?[member]?.GetValueKind();
}
