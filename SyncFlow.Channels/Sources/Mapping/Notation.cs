using System.Globalization;
using System.Text.RegularExpressions;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>How a source writes figures and times.</summary>
/// <param name="Decimal">Between whole and parts; a point where nothing is said.</param>
/// <param name="Formats">Forms of times as .NET writes them; empty for ISO 8601.</param>
/// <param name="Zone">Of times that say no offset; UTC where nothing is said.</param>
public sealed partial record Notation(char Decimal, IReadOnlyList<string> Formats, TimeZoneInfo Zone)
{
    /// <summary>A point, ISO 8601 and UTC.</summary>
    public static Notation Usual { get; } = new('.', [], TimeZoneInfo.Utc);

    private const long MostMilliseconds = 250_000_000_000_000;

    // The last ones are how PostgreSQL writes timestamps: a space for the T, hours alone as offset.
    private static readonly string[] Iso =
    [
        "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm:ss.FFFFFFFzz", "yyyy-MM-ddTHH:mm:ss.FFFFFFFzz",
    ];

    /// <summary>A figure. Minus signs stand before it or, as some systems write them, behind; each turns the sign.</summary>
    public bool TryNumber(string text, out decimal number)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (bare, minus) = (text.Trim(), false);
        while (bare.StartsWith('-'))
        {
            (bare, minus) = (bare[1..].TrimStart(), !minus);
        }

        var format = new NumberFormatInfo
        {
            NumberDecimalSeparator = Decimal.ToString(),
            NumberGroupSeparator = Decimal == ',' ? "." : ",",
        };
        var read = decimal.TryParse(
            bare, NumberStyles.AllowTrailingSign | NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite, format, out number);
        number = minus ? -number : number;
        return read;
    }

    /// <summary>A moment.</summary>
    public bool TryTime(string text, out DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(text);
        time = default;
        string[] formats = Formats.Count > 0 ? [.. Formats, Iso[0]] : Iso;
        if (!DateTime.TryParseExact(text.Trim(), formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var read))
        {
            return TryOData(text, out time);
        }

        if (read.Kind == DateTimeKind.Utc)
        {
            time = new DateTimeOffset(read);
            return true;
        }

        return TryLocal(read, out time);
    }

    /// <summary>
    /// Milliseconds since 1970 as OData version 2 writes them, <c>/Date(1795132800000)/</c>; and, where a date and a time of
    /// day are two fields, the time behind it: <c>/Date(1795132800000)/PT10H02M11S</c>, by the clocks of the zone.
    /// </summary>
    private bool TryOData(string text, out DateTimeOffset time)
    {
        time = default;
        var end = text.IndexOf(")/", StringComparison.Ordinal);
        if (!text.StartsWith("/Date(", StringComparison.Ordinal) || end < 0)
        {
            return false;
        }

        var (inside, rest) = (text[6..end], text[(end + 2)..]);
        var offset = inside.Length > 1 ? inside.IndexOfAny(['+', '-'], 1) : -1;
        if (!long.TryParse(offset < 0 ? inside : inside[..offset], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var since)
            || Math.Abs(since) > MostMilliseconds)
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeMilliseconds(since);
        return rest.Length == 0 || (TimeOfDay().Match(rest) is { Success: true } part && TryLocal(time.UtcDateTime.Date + Of(part), out time));
    }

    private static TimeSpan Of(Match part)
    {
        int Number(string group) => part.Groups[group].Success ? int.Parse(part.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return new TimeSpan(Number("h"), Number("m"), Number("s"));
    }

    /// <summary>A moment by the zone's clocks; false for the hour that is left out when they are put forward.</summary>
    private bool TryLocal(DateTime local, out DateTimeOffset time)
    {
        var clock = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        var exists = !Zone.IsInvalidTime(clock);
        time = exists ? new DateTimeOffset(clock, Zone.GetUtcOffset(clock)).ToUniversalTime() : default;
        return exists;
    }

    [GeneratedRegex(@"^PT((?<h>\d{1,2})H)?((?<m>\d{1,2})M)?((?<s>\d{1,2})S)?$")]
    private static partial Regex TimeOfDay();
}
