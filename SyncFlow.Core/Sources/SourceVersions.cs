using System.Globalization;

namespace SyncFlow.Core.Sources;

/// <summary>
/// Versions of a source's reports: its own sequence or its own time, and before it the number of the source's beginnings.
/// A source that was put back to an earlier state begins anew when a person resumes it, and from then on counts as newer.
/// </summary>
public static class SourceVersions
{
    /// <summary>Sequences are below this; so are microseconds since the year 1 for a thousand years to come.</summary>
    public const long Span = 100_000_000_000_000_000;

    /// <summary>Beginnings of one source; more would not fit before a version.</summary>
    public const int MostBeginnings = 90;

    /// <summary>The version of a sequence.</summary>
    public static long Of(int beginning, long sequence) => checked((beginning * Span) + sequence);

    /// <summary>The version of a moment by the source's own clock.</summary>
    public static long Of(int beginning, DateTimeOffset moment) => Of(beginning, moment.UtcTicks / TimeSpan.TicksPerMicrosecond);

    /// <summary>A version of the first beginning, as its source writes it: a number, or a moment in UTC.</summary>
    public static string Text(SourceOrdering ordering, long version) => ordering == SourceOrdering.Sequence
        ? version.ToString(CultureInfo.InvariantCulture)
        : new DateTimeOffset(checked(version * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
