using System.Collections.Concurrent;
using System.Text.Json;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Folders;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Sources.Folders;

/// <summary>
/// Looks into sources' directories, and takes in the files that lie ready: one worker at a time for each. A turn of a
/// tenant is one file of each of its directories; a few tenants have theirs side by side, so that who has large files
/// keeps one place only.
/// </summary>
internal sealed class FolderJobs(
    FolderStore folders, SourceFileDesk files, FolderFiles disk, TimeProvider time, ILogger<FolderJobs> logger) : BackgroundService
{
    private const string Taker = "watched folder";

    private const string Unreadable = "the directory cannot be read or written";

    /// <summary>Tenants whose files are taken in at a time.</summary>
    private const int AtOnce = 4;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Report = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly ConcurrentDictionary<WatchedFolder, string> _problems = [];

    /// <summary>Why the last file failed, where it did: it is told again once the directory is well.</summary>
    private readonly ConcurrentDictionary<WatchedFolder, string> _failed = [];
    private readonly Dictionary<TenantId, Task<bool>> _running = [];
    private readonly HashSet<TenantId> _rested = [];
    private readonly TenantRing _ring = new();

    /// <summary>Looks into all directories until none has a file that lies ready.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        var more = true;
        while (more)
        {
            await TickAsync().ConfigureAwait(false);
            await BeginAsync(int.MaxValue, ct).ConfigureAwait(false);
            more = (await Task.WhenAll(_running.Values).ConfigureAwait(false)).Contains(true);
        }
    }

    /// <summary>Those that had nothing more rest until the next tick.</summary>
    private async Task EndTurnsAsync()
    {
        foreach (var (tenant, turn) in _running.Where(r => r.Value.IsCompleted).ToList())
        {
            _running.Remove(tenant);
            _ = await turn.ConfigureAwait(false) || _rested.Add(tenant);
        }
    }

    private async Task TickAsync()
    {
        await EndTurnsAsync().ConfigureAwait(false);
        _rested.Clear();
    }

    /// <summary>Gives tenants their turns, as long as there are places.</summary>
    private async Task BeginAsync(int places, CancellationToken ct)
    {
        await EndTurnsAsync().ConfigureAwait(false);
        var all = (await folders.AllAsync(ct).ConfigureAwait(false)).ToLookup(f => f.Tenant);
        foreach (var tenant in _ring.Order(all.Select(f => f.Key).Where(t => !_running.ContainsKey(t) && !_rested.Contains(t))))
        {
            if (_running.Count < places)
            {
                _ring.Served(tenant);
                _running[tenant] = TurnAsync(tenant, [.. all[tenant]], ct);
            }
        }
    }

    /// <summary>One file of each of a tenant's directories; returns whether more lie ready.</summary>
    private async Task<bool> TurnAsync(TenantId tenant, IReadOnlyList<WatchedFolder> own, CancellationToken ct)
    {
        var more = false;
        try
        {
            foreach (var folder in own)
            {
                var (problem, others) = await TryAsync(folder, ct).ConfigureAwait(false);
                more |= others;
                if (problem != _problems.GetValueOrDefault(folder))
                {
                    await folders.NoteAsync(folder, null, problem ?? _failed.GetValueOrDefault(folder), ct).ConfigureAwait(false);
                    Remember(_problems, folder, problem);
                }
            }

            return more;
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.TenantFailed(logger, failure, "its folders", tenant.Value); // The job boundary: files stay where they are until they are taken in.
            return false;
        }
    }

    private async Task<(string? Problem, bool More)> TryAsync(WatchedFolder folder, CancellationToken ct)
    {
        try
        {
            return await LookAsync(folder, ct).ConfigureAwait(false);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            Log.PartFailed(logger, unreadable, folder.Tenant.Value, folder.Connection.Value, "its folder");
            return (Unreadable, false); // Of this one alone; the others are looked at.
        }
    }

    /// <summary>Takes the first file of one in; returns why it cannot, and whether more lie ready.</summary>
    private async Task<(string? Problem, bool More)> LookAsync(WatchedFolder folder, CancellationToken ct)
    {
        if (disk.Open(folder.Tenant.Value, folder.Folder, out var problem) is not { } directory)
        {
            return (problem, false);
        }

        var ready = disk.Ready(directory);
        var alone = ready.Count > 0
            && await folders.AloneAsync(folder, source => TakeAsync(folder, source, ready, ct), ct).ConfigureAwait(false);
        return (StuckIn(directory), alone && ready.Count > 1);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await TickAsync().ConfigureAwait(false);
                var tick = Task.Delay(Every, time, stoppingToken);
                while (!tick.IsCompleted)
                {
                    await TryBeginAsync(stoppingToken).ConfigureAwait(false);
                    await Task.WhenAny([tick, .. _running.Values]).ConfigureAwait(false); // A turn that ends makes room for the next.
                }
            }
        }
        finally
        {
            await Task.WhenAll(_running.Values.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryBeginAsync(CancellationToken ct)
    {
        try
        {
            await BeginAsync(AtOnce, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.JobFailed(logger, failure, "watched folders"); // The job boundary: looked again in a moment.
        }
    }

    private async Task TakeAsync(WatchedFolder folder, FolderSource source, IReadOnlyList<FolderFile> ready, CancellationToken ct)
    {
        if (ready.FirstOrDefault(f => File.Exists(f.File.FullName)) is not { } file) // Another worker may have taken it between look and lock.
        {
            return;
        }

        string moved, report;
        string? problem;
        try
        {
            (var told, problem) = await ReceiveAsync(folder, source, file, ct).ConfigureAwait(false);
            report = JsonSerializer.Serialize(told, Report);
            moved = FolderFiles.Move(file, problem is null ? "done" : "failed", time.GetUtcNow());
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            Log.PartFailed(logger, unreadable, folder.Tenant.Value, folder.Connection.Value, $"its file {file.File.Name}");
            disk.LeaveAlone(file); // It is told as the directory's problem.
            return;
        }

        await NoteAsync(folder, file, problem, ct).ConfigureAwait(false);
        await FolderFiles.ReportAsync(file, moved, report, ct).ConfigureAwait(false);
    }

    /// <summary>A file that was good ends what was wrong with the ones before it, and not that another one is stuck.</summary>
    private async Task NoteAsync(WatchedFolder folder, FolderFile file, string? problem, CancellationToken ct)
    {
        var (failed, stuck) = (problem is null ? null : $"{file.File.Name}: {problem}", StuckIn(file.File.Directory!));
        await folders.NoteAsync(folder, file.File.Name, failed ?? stuck, ct).ConfigureAwait(false);
        Remember(_failed, folder, failed);
        Remember(_problems, folder, stuck);
    }

    private string? StuckIn(DirectoryInfo directory) => disk.Stuck(directory) is { } name ? $"{name} cannot be read or moved" : null;

    private static void Remember(ConcurrentDictionary<WatchedFolder, string> of, WatchedFolder folder, string? problem)
    {
        of.Remove(folder, out _);
        _ = problem is null || of.TryAdd(folder, problem);
    }

    /// <summary>Takes a file in; returns what stands in its report, and why it failed.</summary>
    private async Task<(object Report, string? Problem)> ReceiveAsync(WatchedFolder folder, FolderSource source, FolderFile file, CancellationToken ct)
    {
        var mapping = source.Mapping is null ? null : ReadyMappings.Read(source.Mapping, source.OwnMapping);
        var why = source.Mapping is not null && mapping is null ? $"there is no mapping {source.Mapping}"
            : file.File.Length > SourceFileReader.MostBytes ? $"it has more than {SourceFileReader.MostBytes} bytes"
            : file.Kind == SourceFileKind.FullRefresh && source.Ordering == SourceOrdering.Sequence && file.Sequence is null
                ? "the source is ordered by sequence: the name says the moment and the number, as in refresh-20261120T030000Z-10600.csv"
            : null;
        if (why is not null)
        {
            return (new { problem = why }, why);
        }

        var format = file.Kind == SourceFileKind.History
            ? SourceFileFormat.History(mapping)
            : SourceFileFormat.Refresh(file.AsOf, source.Ordering == SourceOrdering.Sequence ? file.Sequence : null, mapping);
        var (tenant, connection) = (folder.Tenant.Value, folder.Connection.Value);
        try
        {
            await using var bytes = new HashingStream(file.File.OpenRead());
            var (id, repeated) = await new SourceFileReceiver(files).ReceiveAsync(
                tenant, connection, file.Kind, Taker, number => SourceFileReader.ReadAsync(bytes, format, number, ct), () => format.KnownBy(bytes.Hash()), format.LeftOut, ct)
                .ConfigureAwait(false);
            return (new { repeated, file = await files.FindAsync(tenant, connection, id, ct).ConfigureAwait(false) }, null);
        }
        catch (CsvRefusedException refused)
        {
            return (new { problem = "nothing of it was booked", errors = refused.Fields }, string.Join(' ', refused.Fields.Select(f => $"{f.Key}: {f.Value[0]}")));
        }
    }
}
