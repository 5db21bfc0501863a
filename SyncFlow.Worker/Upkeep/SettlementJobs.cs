using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Works out settlements for shortages within a second or two of their being noticed. Any number of workers may do it:
/// a case is proposed under its own lock.
/// </summary>
internal sealed class SettlementJobs(
    OversellStore oversells, WakeUps wakeUps, TimeProvider time, ILogger<SettlementJobs> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            try
            {
                await RunAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, "settlement of oversells"); // The job boundary: it comes again in a second.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Proposes a settlement for every case that has none.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        foreach (var tenant in await oversells.TenantsToProposeForAsync(ct).ConfigureAwait(false))
        {
            var any = false;
            while (await oversells.ProposeNextAsync(tenant, ct).ConfigureAwait(false))
            {
                any = true;
            }

            if (any)
            {
                await wakeUps.PublishAsync(WakeUpKind.Changes, tenant.Value).ConfigureAwait(false);
            }
        }
    }
}
