namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>How a field of an event is made.</summary>
/// <param name="From">Its text.</param>
/// <param name="Values">What stands for a text, where the source's words are not ours; null where they are. An empty word stands for no value.</param>
/// <param name="Otherwise">What stands for all other texts; null refuses them.</param>
public sealed record FieldRule(Template From, IReadOnlyDictionary<string, string>? Values = null, string? Otherwise = null)
{
    /// <summary>Names the field to whoever looks for the mistake: the source's own names where it has any.</summary>
    public string Named(string field) => From.IsConstant ? field : string.Join(", ", From.Paths.Distinct());

    /// <summary>The text for a record; null where it has none.</summary>
    /// <param name="wrong">Told the path and what is wrong.</param>
    public string? Text(string field, SourceRecord record, Action<string, string> wrong)
    {
        var missed = false;
        var text = From.Text(record, path =>
        {
            missed = true;
            wrong(path, $"A value is needed for {field}.");
        });
        if (Values is null || missed)
        {
            return text;
        }

        if ((Values.TryGetValue(text ?? "", out var ours) ? ours : Otherwise) is { } stands)
        {
            return stands.Length > 0 ? stands : null;
        }

        wrong(Named(field), $"'{text}' is no {field} that the mapping knows.");
        return null;
    }
}

/// <summary>Records that have one of some values at a path.</summary>
/// <param name="Field">The path.</param>
/// <param name="In">The values; an empty one stands for none.</param>
public sealed record Condition(string Field, IReadOnlySet<string> In)
{
    /// <summary>Whether a record is meant.</summary>
    public bool Holds(SourceRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return In.Contains(record.Text(Field) ?? "");
    }
}
