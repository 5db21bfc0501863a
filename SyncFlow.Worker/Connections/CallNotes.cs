using Npgsql;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Notes on each connection how many calls this process made to it, how many were throttled, and the points that the
/// shop last stated. What is counted but not noted when the process is killed is lost: it is a figure and not a fact.
/// </summary>
internal sealed class CallNotes(ChannelLinks links, NpgsqlDataSource source, TimeProvider time, ILogger<CallNotes> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Every, time, stoppingToken)
                .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
                .ConfigureAwait(false);
            try
            {
                await NoteAsync(CancellationToken.None).ConfigureAwait(false); // The last calls count too.
            }
            catch (NpgsqlException failure)
            {
                Log.JobFailed(logger, failure, "notes of calls"); // The database is away; these seconds are missing from the figure.
            }
        }
    }

    /// <summary>Notes what was counted since the last time.</summary>
    public async Task NoteAsync(CancellationToken ct)
    {
        foreach (var (tenant, connection, budget) in links.Called)
        {
            var counts = budget.TakeCounts(time.GetUtcNow());
            if (counts.Calls > 0)
            {
                await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
                await ConnectionStore.NoteCallsAsync(
                    session, connection, counts.Calls, counts.Throttled, counts.Available, counts.RestoreRate, ct).ConfigureAwait(false);
                await session.CommitAsync(ct).ConfigureAwait(false);
            }
        }
    }
}
