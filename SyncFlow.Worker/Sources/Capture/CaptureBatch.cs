using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>A stretch of a source's log on its way to the inbox.</summary>
/// <param name="rows">Makes events of changes.</param>
/// <param name="mark">How far the log is stored already; what comes again from before is passed by.</param>
internal sealed class CaptureBatch(RowChanges rows, CaptureMark mark)
{
    private readonly List<SourceEvent> _events = [];
    private readonly HashSet<string> _deletions = new(StringComparer.Ordinal);
    private readonly List<CaptureRefusal> _refusals = [];
    private CaptureMark _mark = mark;
    private int _transactions;
    private int _changes;
    private int _passedOver;
    private bool _emptied;
    private DateTimeOffset? _lastChangeAt;

    /// <summary>Changes so far.</summary>
    public int Changes => _changes;

    /// <summary>Whether there is anything to store.</summary>
    public bool HasNews => _changes + _transactions > 0;

    /// <summary>While nothing comes: up to where all was told.</summary>
    public ulong? Idle { get; private set; }

    /// <summary>What it came to.</summary>
    public CaptureYield Yield => new(_events, _refusals, _mark, _transactions, _changes, _passedOver, _lastChangeAt) { Deletions = _deletions, Emptied = _emptied };

    /// <summary>Adds what was read; returns why the table does not fit the mapping, or null where it does.</summary>
    public string? Add(LogPart part)
    {
        switch (part)
        {
            case LogPart.Shape shape:
                return Misfit(rows, shape.Columns);
            case LogPart.Change change when !_mark.Has(change.Row.Commit, change.Row.Number):
                Change(change.Row);
                break;
            case LogPart.Emptied emptied when !_mark.Has(emptied.Commit, emptied.Number):
                Emptied(emptied);
                break;
            case LogPart.End end:
                _mark = new CaptureMark(end.Through, null, 0);
                _transactions++;
                break;
            case LogPart.Idle idle:
                Idle = idle.Through;
                break;
        }

        return null;
    }

    /// <summary>Why columns do not fit; null where they do.</summary>
    public static string? Misfit(RowChanges rows, IReadOnlyList<string> columns)
    {
        var missing = rows.MissingIn(columns);
        return missing.Count == 0 ? null
            : $"the table has no column {string.Join(", no column ", missing)}, which the mapping reads; it has {string.Join(", ", columns)}";
    }

    private void Change(CapturedChange change)
    {
        Note(change.Commit, change.Number, change.CommittedAt);
        var read = rows.Read(change);
        _events.AddRange(read.Events);
        if (change.Kind == RowChange.Deleted)
        {
            _deletions.UnionWith(read.Events.Select(e => e.Id));
        }

        if (read.Errors.Count > 0)
        {
            _refusals.Add(new CaptureRefusal(change.Position, rows.Looked(change), read.Errors));
        }
        else if (read.Events.Count == 0)
        {
            _passedOver++;
        }
    }

    private void Emptied(LogPart.Emptied emptied)
    {
        Note(emptied.Commit, emptied.Number, emptied.At);
        if (!rows.TellsPositions)
        {
            _passedOver++;
            return;
        }

        _emptied = true;
        var position = new CapturedChange(emptied.Commit, emptied.Number, emptied.At, RowChange.Deleted, new Dictionary<string, string?>(), null).Position;
        var why = new Dictionary<string, string[]> { ["table"] = ["All its rows were removed at once. Nothing was booked: send a full refresh."] };
        _refusals.Add(new CaptureRefusal(position, new Dictionary<string, string?>(), why));
    }

    private void Note(ulong commit, int number, DateTimeOffset at)
    {
        _mark = _mark with { Doing = commit, DoneChanges = number };
        _changes++;
        _lastChangeAt = at;
    }
}
