using System.Globalization;

namespace SyncFlow.Core.Checks;

/// <summary>
/// Figures and times as systems write them into texts. What may mean two things (<c>03/04/2026</c>, <c>1,234</c>) is not
/// read: a guess would book units at the wrong moment or a thousand times too many.
/// </summary>
public static class Written
{
    /// <summary>What is said of a text that is no figure.</summary>
    public const string NoNumber = "This is not a number.";

    /// <summary>What is said of a text that is no time, or that may mean two.</summary>
    public const string NoTime = "This is not a time such as 2026-11-20T08:00:00Z; day and month must not be mistakable.";

    /// <summary>ISO 8601 in its extended and basic forms, with a space for the T, and days as they are written with dots.</summary>
    private static readonly string[] Times =
    [
        "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFF zzz", "yyyy-MM-dd HH:mmK",
        "yyyy-MM-ddK", "yyyyMMddTHHmmssK", "yyyyMMddHHmmss", "yyyyMMdd", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd",
        "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd.MM.yyyy", "r",
    ];

    /// <summary>A number with a point, with its sign before it or, as some ledgers write it, behind.</summary>
    public static bool TryNumber(string text, out decimal number)
    {
        ArgumentNullException.ThrowIfNull(text);
        return decimal.TryParse(
            text,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowTrailingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out number);
    }

    /// <summary>
    /// A moment: ISO 8601, dates with dots, mail headers (RFC 1123), seconds or milliseconds since 1970, and
    /// <c>/Date(ms)/</c> of OData. Without an offset it is UTC.
    /// </summary>
    public static bool TryTime(string text, out DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        if (DateTimeOffset.TryParseExact(trimmed, Times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
        {
            time = time.ToUniversalTime();
            return true;
        }

        var number = trimmed.StartsWith("/Date(", StringComparison.Ordinal) && trimmed.EndsWith(")/", StringComparison.Ordinal) ? trimmed[6..^2] : trimmed;
        return number.Length is 10 or 13 && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var since) && TryTime(since, out time);
    }

    /// <summary>A moment as a number: ten digits are seconds since 1970, thirteen are milliseconds.</summary>
    public static bool TryTime(long since, out DateTimeOffset time)
    {
        time = since switch
        {
            >= 1_000_000_000 and < 10_000_000_000 => DateTimeOffset.FromUnixTimeSeconds(since),
            >= 1_000_000_000_000 and < 10_000_000_000_000 => DateTimeOffset.FromUnixTimeMilliseconds(since),
            _ => default,
        };
        return time != default;
    }
}
