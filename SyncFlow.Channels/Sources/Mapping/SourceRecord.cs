using System.Text.Json;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>A record of a source, of whatever form: values by path, as texts.</summary>
public abstract class SourceRecord
{
    /// <summary>The value at a path, trimmed; null where there is none.</summary>
    public abstract string? Text(string path);
}

/// <summary>A row of a file or a table: a path is a column, in any case.</summary>
/// <param name="cells">Values by column; compared without regard to case.</param>
public sealed class RowRecord(IReadOnlyDictionary<string, string?> cells) : SourceRecord
{
    /// <inheritdoc/>
    public override string? Text(string path) => cells.GetValueOrDefault(path)?.Trim() is { Length: > 0 } text ? text : null;
}

/// <summary>
/// An object of a JSON document. A path names members with dots between them (<c>item.refName</c>); every leading
/// <c>^.</c> goes out to the object around it that the records' path passed.
/// </summary>
/// <param name="value">The object.</param>
/// <param name="around">The object it stands in; null at the top.</param>
public sealed class JsonRecord(JsonElement value, JsonRecord? around) : SourceRecord
{
    private const string Outward = "^.";

    /// <inheritdoc/>
    public override string? Text(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.StartsWith(Outward, StringComparison.Ordinal))
        {
            return around?.Text(path[Outward.Length..]);
        }

        return At(value, path) is { } found ? Written(found) : null;
    }

    /// <summary>As it came.</summary>
    public string Raw => value.GetRawText();

    /// <summary>How many items the outermost list of a records' path has, or 1 where the document is the record; null where there is no such list.</summary>
    public static int? Count(JsonElement document, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var first = path.Split("[]", 2)[0];
        return first.Length > 0
            ? At(document, first) is { ValueKind: JsonValueKind.Array } list ? list.GetArrayLength() : null
            : document.ValueKind switch
            {
                JsonValueKind.Array => document.GetArrayLength(),
                JsonValueKind.Object => 1,
                _ => null,
            };
    }

    /// <summary>The records of a document.</summary>
    /// <param name="path">Members on the way, lists with <c>[]</c> behind them: <c>d.results[].items[]</c>; empty for the document itself, or each of its items.</param>
    public static IEnumerable<JsonRecord> Of(JsonElement document, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        IEnumerable<JsonRecord> found = Spread(document, null);
        foreach (var step in path.Length == 0 ? [] : path.Split("[]."))
        {
            var list = step.EndsWith("[]", StringComparison.Ordinal) ? step[..^2] : step;
            found = found.SelectMany(record => record.Inside(list));
        }

        return found;
    }

    private static IEnumerable<JsonRecord> Spread(JsonElement element, JsonRecord? around) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().Select(item => new JsonRecord(item, around)),
        JsonValueKind.Object => [new JsonRecord(element, around)],
        _ => [],
    };

    private IEnumerable<JsonRecord> Inside(string path) => At(value, path) is { } found ? Spread(found, this) : [];

    private static JsonElement? At(JsonElement from, string path)
    {
        var (at, rest) = (from, path);
        while (at.ValueKind == JsonValueKind.Object)
        {
            if (at.TryGetProperty(rest, out var whole))
            {
                return whole; // Names may hold dots themselves, as @odata.nextLink does.
            }

            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0 || !at.TryGetProperty(rest[..dot], out at))
            {
                return null;
            }

            rest = rest[(dot + 1)..];
        }

        return null;
    }

    private static string? Written(JsonElement found) => found.ValueKind switch
    {
        JsonValueKind.String => (JsonText.Read(found) ?? found.GetRawText()).Trim() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => found.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };
}
