using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Runs one lease-bound loop for each connection that is this worker's share (<see cref="LeaseKeeper"/>). Wake-ups from
/// other processes enter here.
/// </summary>
internal sealed class ConnectionSupervisor(
    ConnectionRunnerFactory runners, ConnectionLoopFactory loops, LeaseSet set, LeaseStore leases, WakeUps wakeUps, LevelSignals applied, Signals signals,
    TimeProvider time, ILogger<LeaseKeeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await wakeUps.SubscribeAsync(WakeUpKind.Levels, tenant => signals.Raise(new TenantId(tenant))).ConfigureAwait(false);
        await wakeUps.SubscribeAsync(WakeUpKind.Runs, tenant => signals.Raise(new TenantId(tenant))).ConfigureAwait(false);
        void Applied(TenantId tenant, ConnectionId connection) => signals.Raise(tenant);
        applied.Wanted += Applied;
        try
        {
            await new LeaseKeeper(runners.Worker, set, leases, (lease, ct) => loops.Create(lease).RunAsync(ct), time, logger)
                .RunAsync(stoppingToken).ConfigureAwait(false);
        }
        finally
        {
            applied.Wanted -= Applied;
        }
    }
}
