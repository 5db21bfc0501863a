using System.Globalization;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>
/// Turns changes of a table into events. Rows that tell movements are only ever added: what is done to them later is
/// housekeeping and says nothing about stock. Rows that tell what is there (positions, picks) speak again with every
/// change, and a position whose row is deleted, or becomes another item's or place's, has no units any more.
/// </summary>
/// <param name="mapping">How rows are read. Beside columns it may use what <see cref="Own"/> names.</param>
public sealed class RowChanges(SourceMapping mapping)
{
    /// <summary>Values beside columns: the change's name in the log, its transaction's place in it, and when that was committed.</summary>
    public static readonly IReadOnlyList<string> Own = ["$change", "$commit", "$committedAt"];

    /// <summary>Whether the table tells what is there, row by row.</summary>
    public bool TellsPositions => mapping.TellsPositions;

    /// <summary>Columns that the mapping needs and a table lacks; where one of several would do, all of them.</summary>
    public IReadOnlyList<string> MissingIn(IEnumerable<string> columns)
    {
        var known = columns.Concat(Own).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. mapping.Needed.Where(paths => !paths.Any(known.Contains)).Select(paths => string.Join(" or ", paths)).Distinct()];
    }

    /// <summary>What of a row the mapping looks at.</summary>
    public IReadOnlyDictionary<string, string?> Looked(CapturedChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return mapping.Paths.Where(change.Row.ContainsKey).ToDictionary(path => path, path => change.Row[path]);
    }

    /// <summary>The events of a change.</summary>
    public MappedRecord Read(CapturedChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var row = Record(change, change.Row);
        if (change.Kind == RowChange.Deleted)
        {
            return mapping.TellsPositions ? mapping.Gone(row, change.Position, change.CommittedAt) : Nothing;
        }

        if (change.Kind == RowChange.Changed && !mapping.TellsStates)
        {
            return Nothing;
        }

        var read = mapping.Read(row);
        if (change.Kind == RowChange.Added || read.Errors.Count > 0)
        {
            return read;
        }

        var told = read.Events.Where(e => e.Type is SourceEventType.Position or SourceEventType.Picks).ToList();
        return change.Before is null || told.Count == 0 ? new MappedRecord(told, read.Errors) : WithLeft(change, told);
    }

    private static MappedRecord Nothing => new([], new Dictionary<string, string[]>());

    /// <summary>Where the item or the place changed, the position that was left is empty now.</summary>
    private MappedRecord WithLeft(CapturedChange change, List<SourceEvent> told)
    {
        // Of an update that leaves the key alone the log tells no old row; where it tells only the key, the rest is as it is now.
        var before = new Dictionary<string, string?>(change.Row, StringComparer.OrdinalIgnoreCase);
        foreach (var (column, value) in change.Before!.Where(b => b.Value is not null))
        {
            before[column] = value;
        }

        var left = mapping.Gone(Record(change, before), change.Position + "-left", change.CommittedAt);
        return left.Events.Count == 1 && told.TrueForAll(e => (e.Item, e.Place) != (left.Events[0].Item, left.Events[0].Place))
            ? new MappedRecord([left.Events[0] with { OccurredAt = told[0].OccurredAt, Sequence = told[0].Sequence }, .. told], left.Errors)
            : new MappedRecord(told, Nothing.Errors);
    }

    private static RowRecord Record(CapturedChange change, IReadOnlyDictionary<string, string?> row) => new(
        new Dictionary<string, string?>(row, StringComparer.OrdinalIgnoreCase)
        {
            ["$change"] = change.Position,
            ["$commit"] = change.Commit.ToString(CultureInfo.InvariantCulture),
            ["$committedAt"] = change.CommittedAt.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
        });
}
