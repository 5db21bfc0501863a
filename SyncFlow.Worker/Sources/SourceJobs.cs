using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Worker.Sources;

/// <summary>
/// What sources ask for beside their events: files are taken in, what waited to be mapped is booked, health is judged. Any
/// number of workers may do it at once: rows of files and held events are taken under a lock, and an event is booked once.
/// </summary>
internal sealed class SourceJobs(
    HeldRelease held, SourceFileApplier files, SourceFileClearing clearing, HistoryBacklog backlog, SourceHealthStore health, ConnectionStore connections, WakeUps wakeUps,
    TimeProvider time, ILogger<SourceJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan HealthEvery = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest that the next batch of a file waits for the batches before it to be booked.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync("release of held events", Every, ReleaseAsync, stoppingToken),
        RepeatAsync("files of sources", Every, FilesAsync, stoppingToken),
        RepeatAsync("rows of files that are not booked", Every, ClearAsync, stoppingToken),
        RepeatAsync("health of sources", HealthEvery, JudgeAsync, stoppingToken));

    private async Task RepeatAsync(string job, TimeSpan every, Func<CancellationToken, Task> run, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false))
        {
            try
            {
                await run(ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, job); // The job boundary: done again at the next tick.
            }
        }
    }

    private async Task ReleaseAsync(CancellationToken ct)
    {
        foreach (var tenant in await held.TenantsAsync(ct).ConfigureAwait(false))
        {
            if (await held.RunAsync(tenant, ct).ConfigureAwait(false) > 0)
            {
                await wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value).ConfigureAwait(false);
            }
        }
    }

    private async Task FilesAsync(CancellationToken ct)
    {
        foreach (var tenant in await files.TenantsAsync(ct).ConfigureAwait(false))
        {
            var begun = DatabaseTime.Now(time);
            await files.RunAsync(
                tenant,
                async () =>
                {
                    await wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value).ConfigureAwait(false);
                    begun = await GiveWayAsync(tenant, begun, ct).ConfigureAwait(false);
                },
                ct).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Waits until what was taken in before the last batch is booked: one batch is booked while the next is taken in, and
    /// what happens now waits behind no more than these two.
    /// </summary>
    private async Task<DateTimeOffset> GiveWayAsync(TenantId tenant, DateTimeOffset before, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < LongestWait && await backlog.HasAsync(tenant, before, ct).ConfigureAwait(false))
        {
            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }

        return DatabaseTime.Now(time);
    }

    private async Task ClearAsync(CancellationToken ct)
    {
        foreach (var tenant in await clearing.TenantsAsync(ct).ConfigureAwait(false))
        {
            while (await clearing.NextAsync(tenant, SourceFileClearing.MostRows, ct).ConfigureAwait(false))
            {
                ct.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task JudgeAsync(CancellationToken ct)
    {
        var tenants = (await connections.AllAsync(ct).ConfigureAwait(false)).Where(c => ConnectionKinds.IsSource(c.Kind)).Select(c => c.Tenant).Distinct();
        foreach (var tenant in tenants)
        {
            if (await health.JudgeAsync(tenant, ct).ConfigureAwait(false) > 0)
            {
                await wakeUps.PublishAsync(WakeUpKind.Runs, tenant.Value).ConfigureAwait(false);
            }
        }
    }
}
