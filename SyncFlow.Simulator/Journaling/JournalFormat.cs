using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Journaling;

/// <summary>How records look in the journal: one JSON object a line, camel case, nothing that is null.</summary>
internal static class JournalFormat
{
    internal static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IncludeFields = true,
        IgnoreReadOnlyProperties = true,
    };

    internal static byte[] Line<T>(string kind, string? shop, T value)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("kind", kind);
            if (shop is not null)
            {
                json.WriteString("shop", shop);
            }

            json.WritePropertyName("value");
            JsonSerializer.Serialize(json, value, Options);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }
}
