using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Requests;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Ends holds on time: a look each second, by the database's clock. Any number of workers may do it at once: the locks
/// of SKUs and reservations let each hold end once. Tenants have turns of one batch.
/// </summary>
internal sealed class RequestJobs(
    ReservationStore reservations, WakeUps wakeUps, Signals signals, TenantWeights weights, TimeProvider time,
    ILogger<RequestJobs> logger) : BackgroundService
{
    /// <summary>Holds that end in one transaction.</summary>
    public const int BatchSize = 200;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly TenantRounds _rounds = new("expiry of holds", weights.Of, time, logger);

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
                Log.JobFailed(logger, failure, "expiry of holds"); // The job boundary: it comes again in a second.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Ends every hold whose time is up.</summary>
    public Task RunAsync(CancellationToken ct) => _rounds.RunAsync(reservations.TenantsWithDueAsync, TurnAsync, ct);

    private async Task<TurnEnd> TurnAsync(TenantId tenant, CancellationToken ct)
    {
        var ended = await reservations.ExpireAsync(tenant, BatchSize, ct).ConfigureAwait(false);
        await TellAsync(tenant, ended).ConfigureAwait(false);
        return ended == BatchSize ? TurnEnd.More : TurnEnd.Nothing;
    }

    private async Task TellAsync(TenantId tenant, int ended)
    {
        if (ended > 0)
        {
            signals.Raise(tenant);
            await wakeUps.PublishAsync(WakeUpKind.Levels, tenant.Value).ConfigureAwait(false);
            await wakeUps.PublishAsync(WakeUpKind.Changes, tenant.Value).ConfigureAwait(false);
        }
    }
}
