using System.Text.Json;

namespace SyncFlow.Simulator.GraphQl;

/// <summary>Writes results and errors as JSON.</summary>
internal static class AnswerWriter
{
    internal static void Value(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case string text: json.WriteStringValue(text); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case double number: json.WriteNumberValue(number); break;
            case JsonElement element: element.WriteTo(json); break;
            case ResultObject result: Fields(json, result.Fields); break;
            case IReadOnlyDictionary<string, object?> fields: Fields(json, fields); break;
            case System.Collections.IEnumerable list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    Value(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                throw new InvalidOperationException($"no JSON form for {value.GetType().Name}");
        }
    }

    internal static void Errors(Utf8JsonWriter json, IEnumerable<GraphQlError> errors)
    {
        json.WriteStartArray("errors");
        foreach (var error in errors)
        {
            json.WriteStartObject();
            json.WriteString("message", error.Message);
            if (error.At is { } at)
            {
                json.WriteStartArray("locations");
                json.WriteStartObject();
                json.WriteNumber("line", at.Line);
                json.WriteNumber("column", at.Column);
                json.WriteEndObject();
                json.WriteEndArray();
            }

            if (error.Path is { } path)
            {
                json.WritePropertyName("path");
                Value(json, path);
            }

            if (error.Extensions is { } extensions)
            {
                json.WritePropertyName("extensions");
                Value(json, extensions);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Fields(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> fields)
    {
        json.WriteStartObject();
        foreach (var (name, value) in fields)
        {
            json.WritePropertyName(name);
            Value(json, value);
        }

        json.WriteEndObject();
    }
}
