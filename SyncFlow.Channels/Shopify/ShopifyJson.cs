using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncFlow.Channels.Shopify;

/// <summary>How requests are written.</summary>
internal static class ShopifyJson
{
    /// <summary>
    /// Nulls are written: from 2026-04 Shopify refuses a quantity whose <c>changeFromQuantity</c> is left out, although
    /// the schema calls it nullable.
    /// </summary>
    internal static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    internal static ReadOnlyMemory<byte> Serialise(object? variables) =>
        variables is null ? "{}"u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(variables, Options);

    internal static ReadOnlyMemory<byte> RequestBody(ShopifyOperation operation, ReadOnlyMemory<byte> variables)
    {
        var buffer = new ArrayBufferWriter<byte>(operation.Document.Length + variables.Length + 128);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("query", operation.Document);
        json.WriteString("operationName", operation.Name);
        json.WritePropertyName("variables");
        json.WriteRawValue(variables.Span);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
