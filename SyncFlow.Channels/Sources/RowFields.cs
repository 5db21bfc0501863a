using System.Text.Json;
using SyncFlow.Core.Checks;

namespace SyncFlow.Channels.Sources;

/// <summary>
/// Fields of a JSON object as other systems write them: figures and times may be texts, ids may be numbers. What cannot
/// be read is noted by its field; members that nobody knows are passed over.
/// </summary>
internal sealed class RowFields
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly Check _check;

    public RowFields(JsonElement row, Check check)
    {
        _check = check;
        check.That(row.ValueKind == JsonValueKind.Object, "row", "An object is needed.");
        if (row.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in row.EnumerateObject())
            {
                if (JsonText.Name(member) is { } name)
                {
                    check.That(_members.TryAdd(name, member.Value), name, "It stands twice.");
                }
                else
                {
                    check.That(false, "row", "A member's name is no text.");
                }
            }
        }
    }

    /// <summary>What the object's members are called.</summary>
    public IEnumerable<string> Names => _members.Keys;

    /// <summary>A text, or a number as it is written; null where it is not there.</summary>
    public string? Text(string name)
    {
        if (!Has(name, out var value))
        {
            return null;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => JsonText.Read(value),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
        var readable = text is not null && !text.Any(char.IsControl);
        _check.That(readable, name, "A text of readable characters is needed.");
        return readable ? text : null; // What cannot be kept goes no further, not even to say which row it was.
    }

    /// <summary>A number, also one written as a text.</summary>
    public decimal? Number(string name)
    {
        if (Text(name) is not { } text || string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        decimal number = 0;
        var read = _members[name].ValueKind == JsonValueKind.Number ? _members[name].TryGetDecimal(out number) : Written.TryNumber(text, out number);
        _check.That(read, name, Written.NoNumber);
        return read ? number : null;
    }

    /// <summary>A whole number, also one written as a text.</summary>
    public long? Whole(string name)
    {
        if (Number(name) is not { } number)
        {
            return null;
        }

        var read = decimal.Truncate(number) == number && number is >= long.MinValue and <= long.MaxValue;
        _check.That(read, name, "This is not a whole number.");
        return read ? (long)number : null;
    }

    /// <summary>A moment in any form that means one moment.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text || string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var read = Written.TryTime(text, out var time);
        _check.That(read, name, Written.NoTime);
        return read ? time : null;
    }

    /// <summary>The members of a list; none where it is not there.</summary>
    public IReadOnlyList<JsonElement> List(string name, bool needed)
    {
        var there = Has(name, out var value);
        _check.That((there || !needed) && (!there || value.ValueKind == JsonValueKind.Array), name, "A list is needed.");
        return there && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];
    }

    /// <summary>What of other systems is contained; none where nothing is said.</summary>
    public IReadOnlyList<PostedInput> Posted(string name) =>
    [
        .. List(name, needed: false).Select(mark => new RowFields(mark, _check))
            .Select(of => new PostedInput(of.Whole("system"), of.Whole("sequence"), of.Time("time"))),
    ];

    private bool Has(string name, out JsonElement value) =>
        _members.TryGetValue(name, out value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
}
