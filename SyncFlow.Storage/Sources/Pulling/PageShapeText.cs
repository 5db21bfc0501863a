using System.Text.Json;
using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary><see cref="PageShapes"/> as they are stored.</summary>
internal static class PageShapeText
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static string? Write(PageShapes? shapes) => shapes is null ? null : JsonSerializer.Serialize(shapes, Options);

    public static PageShapes? Read(string? text) => text is null ? null : JsonSerializer.Deserialize<PageShapes>(text, Options);

    /// <summary>Mapping documents by name, of a JSON object; none where it is null.</summary>
    public static IReadOnlyDictionary<string, string> Mappings(string? text)
    {
        if (text is null)
        {
            return new Dictionary<string, string>();
        }

        using var all = JsonDocument.Parse(text);
        return all.RootElement.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetRawText(), StringComparer.Ordinal);
    }
}
