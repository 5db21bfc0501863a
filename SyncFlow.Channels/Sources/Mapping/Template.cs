using System.Text;
using System.Text.RegularExpressions;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>
/// A text with values of a record in it: <c>{plant}/{bin?}</c>. A name between braces is a path in the record; several
/// with bars between them mean the first that has a value; a question mark allows that there is none.
/// </summary>
public sealed partial class Template
{
    /// <summary>Characters of a template.</summary>
    public const int Longest = 500;

    private readonly IReadOnlyList<Part> _parts;

    private Template(IReadOnlyList<Part> parts) => _parts = parts;

    /// <summary>Paths of which a record must have one each; each inner list is one place of the template.</summary>
    public IEnumerable<IReadOnlyList<string>> Needed => _parts.Where(p => p is { Paths: not null, Optional: false }).Select(p => p.Paths!);

    /// <summary>All paths, needed or not.</summary>
    public IEnumerable<string> Paths => _parts.SelectMany(p => p.Paths ?? []);

    /// <summary>Whether it is the same text for every record.</summary>
    public bool IsConstant => _parts.All(p => p.Paths is null);

    /// <summary>Reads a template; null with what is wrong where it is none.</summary>
    public static Template? Parse(string text, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;
        var parts = new List<Part>();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOfAny(['{', '}'], at);
            if (open < 0 || open > at)
            {
                parts.Add(new Part(open < 0 ? text[at..] : text[at..open], null, false));
                at = open < 0 ? text.Length : open;
                continue;
            }

            var close = text.IndexOf('}', at);
            if (text[at] == '}' || close < 0 || !Hole().IsMatch(text[at..(close + 1)]))
            {
                error = $"At character {at + 1}: a value stands as {{path}}, {{path?}} or {{first|second}}.";
                return null;
            }

            var inside = text[(at + 1)..close];
            parts.Add(new Part("", inside.TrimEnd('?').Split('|'), inside.EndsWith('?')));
            at = close + 1;
        }

        return new Template(parts);
    }

    /// <summary>The text for a record; null where it has nothing to say.</summary>
    /// <param name="missing">Told the path of a value that is needed and not there.</param>
    public string? Text(SourceRecord record, Action<string> missing)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(missing);
        var (text, valued) = (new StringBuilder(), IsConstant);
        foreach (var part in _parts)
        {
            if (part.Paths is null)
            {
                text.Append(part.Literal);
            }
            else if (part.Paths.Select(record.Text).FirstOrDefault(t => !string.IsNullOrEmpty(t)) is { } value)
            {
                text.Append(value);
                valued = true;
            }
            else if (!part.Optional)
            {
                missing(part.Paths[0]);
                return null;
            }
        }

        return valued && text.Length > 0 ? text.ToString() : null;
    }

    [GeneratedRegex(@"^\{[^{}|?]+(\|[^{}|?]+)*\??\}$")]
    private static partial Regex Hole();

    private sealed record Part(string Literal, IReadOnlyList<string>? Paths, bool Optional);
}
