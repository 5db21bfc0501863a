using System.Globalization;
using System.Text.RegularExpressions;

namespace SyncFlow.Channels.Sources.Pages;

/// <summary>Addresses of a source's pages, made of a template: what stands between braces is filled in.</summary>
public static partial class PageAddress
{
    private const string Movements = "movements?since={since}&cursor={cursor}&limit={limit}";

    private const string Positions = "positions?cursor={cursor}&limit={limit}";

    private static readonly string[] Names = ["since", "cursor", "page", "offset", "limit"];

    /// <summary>The template that stands for none: as the Source API has it.</summary>
    public static string Usual(bool positions) => positions ? Positions : Movements;

    /// <summary>Why a text is no template; null where it is one.</summary>
    public static string? WhyNot(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        var bare = Hole().Replace(template, "0");
        return Hole().Matches(template).Select(m => m.Groups[1].Value).FirstOrDefault(name => Array.IndexOf(Names, name) < 0) is { } unknown
                ? $"{{{unknown}}} is nothing that can be filled in; known: {string.Join(", ", Names.Select(n => $"{{{n}}}"))}."
            : bare.Contains('{', StringComparison.Ordinal) || bare.Contains('}', StringComparison.Ordinal) ? "A brace without its other one."
            : bare.StartsWith('/') || bare.Contains('#', StringComparison.Ordinal) || bare.Contains('\\', StringComparison.Ordinal)
                || bare.Split('?', 2)[0].Split('/').Any(part => part is "." or ".." || part.Contains(':', StringComparison.Ordinal))
                ? "A path below the source's address, with its query."
            : bare.Any(c => c <= ' ' || char.IsControl(c)) ? "Spaces are written %20."
            : null;
    }

    /// <summary>Whether pages are counted, not named by the page before.</summary>
    public static bool Counts(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return template.Contains("{page}", StringComparison.Ordinal) || template.Contains("{offset}", StringComparison.Ordinal);
    }

    /// <summary>The address of a page. A part of the query whose value there is not is left out.</summary>
    /// <param name="below">The source's address.</param>
    /// <param name="since">The watermark to begin after; null at the source's beginning.</param>
    /// <param name="cursor">Of the page; null for the first. Where pages are counted, its number.</param>
    public static Uri Of(Uri below, string template, string? since, string? cursor, int limit)
    {
        ArgumentNullException.ThrowIfNull(below);
        ArgumentNullException.ThrowIfNull(template);
        var page = int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 1;
        string? Value(string name) => name switch
        {
            "since" => since,
            "cursor" => cursor,
            "page" => page.ToString(CultureInfo.InvariantCulture),
            "offset" => ((page - 1L) * limit).ToString(CultureInfo.InvariantCulture),
            _ => limit.ToString(CultureInfo.InvariantCulture),
        };
        string Filled(string text) => Hole().Replace(text, hole => Uri.EscapeDataString(Value(hole.Groups[1].Value) ?? ""));
        var parts = template.Split('?', 2);
        var query = parts.Length == 1 ? "" : string.Join('&', parts[1].Split('&')
            .Where(part => Hole().Matches(part).All(hole => Value(hole.Groups[1].Value) is not null)).Select(Filled));
        return new Uri($"{below.AbsoluteUri.TrimEnd('/')}/{Filled(parts[0])}{(query.Length == 0 ? "" : "?" + query)}");
    }

    /// <summary>The whole address that a page names as the next; null where it names a word to ask with.</summary>
    public static Uri? Whole(Uri below, string next)
    {
        ArgumentNullException.ThrowIfNull(below);
        ArgumentNullException.ThrowIfNull(next);
        return next.StartsWith('/') ? new Uri(below, next)
            : Uri.TryCreate(next, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) ? address
            : null;
    }

    /// <summary>Whether an address is of the same server: only there the secret may go.</summary>
    public static bool IsSameServer(Uri one, Uri other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.Scheme == other.Scheme && one.Authority.Equals(other.Authority, StringComparison.OrdinalIgnoreCase) && other.UserInfo.Length == 0;
    }

    [GeneratedRegex(@"\{([a-zA-Z]*)\}")]
    private static partial Regex Hole();
}
