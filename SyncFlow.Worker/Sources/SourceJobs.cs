using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sources;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Sources;

/// <summary>
/// What sources ask for beside their events: files are taken in, what waited to be mapped is booked, health is judged. Any
/// number of workers may do it at once: rows of files and held events are taken under a lock, and an event is booked once.
/// Each job goes round the tenants, a batch of each (<see cref="TenantRounds"/>).
/// </summary>
internal sealed class SourceJobs(
    HeldRelease held, SourceFileApplier files, SourceFileClearing clearing, HistoryBacklog backlog, SourceHealthStore health, ConnectionStore connections, WakeUps wakeUps,
    TenantWeights weights, TimeProvider time, ILogger<SourceJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan HealthEvery = TimeSpan.FromSeconds(15);

    private readonly SourceFileTurns _files = new(files, backlog, wakeUps, time);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync("release of held events", Every, held.TenantsAsync, ReleaseAsync, stoppingToken),
        RepeatAsync("files of sources", Every, files.TenantsAsync, _files.TurnAsync, stoppingToken),
        RepeatAsync("rows of files that are not booked", Every, clearing.TenantsAsync, ClearAsync, stoppingToken),
        RepeatAsync("health of sources", HealthEvery, WithSourcesAsync, JudgeAsync, stoppingToken));

    private async Task RepeatAsync(
        string job, TimeSpan every, Func<CancellationToken, Task<IReadOnlyList<TenantId>>> waiting, Func<TenantId, CancellationToken, Task<TurnEnd>> turn, CancellationToken ct)
    {
        var rounds = new TenantRounds(job, weights.Of, time, logger);
        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false))
        {
            try
            {
                await rounds.RunAsync(waiting, turn, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, job); // The job boundary: done again at the next tick.
            }
        }
    }

    private async Task<TurnEnd> ReleaseAsync(TenantId tenant, CancellationToken ct)
    {
        var (released, more) = await held.NextAsync(tenant, ct).ConfigureAwait(false);
        if (released > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value).ConfigureAwait(false);
        }

        return more ? TurnEnd.More : TurnEnd.Nothing;
    }

    private async Task<TurnEnd> ClearAsync(TenantId tenant, CancellationToken ct) =>
        await clearing.NextAsync(tenant, SourceFileClearing.MostRows, ct).ConfigureAwait(false) ? TurnEnd.More : TurnEnd.Nothing;

    private async Task<IReadOnlyList<TenantId>> WithSourcesAsync(CancellationToken ct) =>
        [.. (await connections.AllAsync(ct).ConfigureAwait(false)).Where(c => ConnectionKinds.IsSource(c.Kind)).Select(c => c.Tenant).Distinct()];

    private async Task<TurnEnd> JudgeAsync(TenantId tenant, CancellationToken ct)
    {
        if (await health.JudgeAsync(tenant, ct).ConfigureAwait(false) > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Runs, tenant.Value).ConfigureAwait(false);
        }

        return TurnEnd.Nothing;
    }
}
