using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Worker.Sources;

/// <summary>
/// Books what waited to be mapped, as soon as it is. Any number of workers may do it at once: a source's events are
/// released under its row's lock, and an event is booked once.
/// </summary>
internal sealed class SourceJobs(HeldRelease held, WakeUps wakeUps, TimeProvider time, ILogger<SourceJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await ReleaseAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, "release of held events"); // The job boundary: done again in two seconds.
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
}
