using System.Globalization;

namespace SyncFlow.Storage.Availability;

/// <summary>Which transactions a snapshot of PostgreSQL sees, as <c>pg_current_snapshot()</c> writes it.</summary>
public sealed class SnapshotMark
{
    private readonly ulong _end;
    private readonly HashSet<ulong> _running;

    private SnapshotMark(string text, ulong begin, ulong end, HashSet<ulong> running)
    {
        Text = text;
        Begin = begin;
        _end = end;
        _running = running;
    }

    /// <summary>As it was written: <c>xmin:xmax:running,…</c>.</summary>
    public string Text { get; }

    /// <summary>Every transaction before this one has ended, and is seen if it committed.</summary>
    public ulong Begin { get; }

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static SnapshotMark Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':');
        return parts.Length == 3
            ? new SnapshotMark(text, Number(parts[0]), Number(parts[1]), parts[2].Length == 0 ? [] : [.. parts[2].Split(',').Select(Number)])
            : throw new FormatException($"'{text}' is no snapshot.");
    }

    /// <summary>Whether a transaction that committed is seen by it.</summary>
    public bool Sees(ulong transaction) => transaction < Begin || (transaction < _end && !_running.Contains(transaction));

    private static ulong Number(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new FormatException($"'{text}' is no transaction.");
}
