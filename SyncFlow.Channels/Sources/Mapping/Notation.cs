using System.Globalization;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>How a source writes figures and times.</summary>
/// <param name="Decimal">Between whole and parts; a point where nothing is said.</param>
/// <param name="Formats">Forms of times as .NET writes them; empty for ISO 8601.</param>
/// <param name="Zone">Of times that say no offset; UTC where nothing is said.</param>
public sealed record Notation(char Decimal, IReadOnlyList<string> Formats, TimeZoneInfo Zone)
{
    /// <summary>A point, ISO 8601 and UTC.</summary>
    public static Notation Usual { get; } = new('.', [], TimeZoneInfo.Utc);

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

        if (Zone.IsInvalidTime(read))
        {
            return false; // The hour that is left out when clocks are put forward.
        }

        time = new DateTimeOffset(read, Zone.GetUtcOffset(read)).ToUniversalTime();
        return true;
    }

    /// <summary>Milliseconds since 1970 as OData version 2 writes them: <c>/Date(1763632800000)/</c>, with or without an offset.</summary>
    private static bool TryOData(string text, out DateTimeOffset time)
    {
        time = default;
        if (!text.StartsWith("/Date(", StringComparison.Ordinal) || !text.EndsWith(")/", StringComparison.Ordinal))
        {
            return false;
        }

        var inside = text[6..^2];
        var offset = inside.IndexOfAny(['+', '-'], 1);
        if (!long.TryParse(offset < 0 ? inside : inside[..offset], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var since)
            || Math.Abs(since) > 250_000_000_000_000)
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeMilliseconds(since);
        return true;
    }
}
