using System.Text.Json;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Folders;

namespace SyncFlow.Worker.Sources.Folders;

/// <summary>Looks into sources' directories, and takes in the files that lie ready: one worker at a time for each.</summary>
internal sealed class FolderJobs(
    FolderStore folders, SourceFileDesk files, FolderFiles disk, TimeProvider time, ILogger<FolderJobs> logger) : BackgroundService
{
    private const string Taker = "watched folder";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Report = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Dictionary<WatchedFolder, string?> _problems = [];

    /// <summary>Looks into all directories once.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        foreach (var folder in await folders.AllAsync(ct).ConfigureAwait(false))
        {
            string? problem;
            try
            {
                problem = await LookAsync(folder, ct).ConfigureAwait(false);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                Log.PartFailed(logger, unreadable, folder.Tenant.Value, folder.Connection.Value, "its folder");
                problem = "a file or the directory cannot be read or moved"; // Of this one alone; the others are looked at.
            }

            if (problem != _problems.GetValueOrDefault(folder))
            {
                await folders.NoteAsync(folder, null, problem, ct).ConfigureAwait(false);
                _problems[folder] = problem;
            }
        }
    }

    /// <summary>Looks into one; returns why it cannot.</summary>
    private async Task<string?> LookAsync(WatchedFolder folder, CancellationToken ct)
    {
        if (disk.Open(folder.Tenant.Value, folder.Folder, out var problem) is not { } directory)
        {
            return problem;
        }

        if (disk.Ready(directory) is { Count: > 0 } ready)
        {
            await folders.AloneAsync(folder, source => TakeAsync(folder, source, ready, ct), ct).ConfigureAwait(false);
        }

        return null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, "watched folders"); // The job boundary: files stay where they are until they are taken in.
            }
        }
    }

    private async Task TakeAsync(WatchedFolder folder, FolderSource source, IReadOnlyList<FolderFile> ready, CancellationToken ct)
    {
        foreach (var file in ready.Where(f => File.Exists(f.File.FullName))) // Another worker may have taken it between look and lock.
        {
            var (report, problem) = await ReceiveAsync(folder, source, file, ct).ConfigureAwait(false);
            await FolderFiles.MoveAsync(file, problem is null ? "done" : "failed", JsonSerializer.Serialize(report, Report), time.GetUtcNow(), ct).ConfigureAwait(false);
            await folders.NoteAsync(folder, file.File.Name, problem, ct).ConfigureAwait(false);
        }
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
