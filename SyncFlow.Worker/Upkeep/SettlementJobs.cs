using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Oversells;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Works out settlements for shortages within a second or two of their being noticed. Any number of workers may do it:
/// a case is proposed under its own lock. Tenants have turns of a few cases.
/// </summary>
internal sealed class SettlementJobs(
    OversellStore oversells, WakeUps wakeUps, TenantWeights weights, TimeProvider time, ILogger<SettlementJobs> logger) : BackgroundService
{
    /// <summary>Cases of a turn, each a transaction.</summary>
    private const int CasesOfTurn = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly TenantRounds _rounds = new("settlement of oversells", weights.Of, time, logger);

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
    public Task RunAsync(CancellationToken ct) => _rounds.RunAsync(oversells.TenantsToProposeForAsync, TurnAsync, ct);

    private async Task<TurnEnd> TurnAsync(TenantId tenant, CancellationToken ct)
    {
        var cases = 0;
        while (cases < CasesOfTurn && await oversells.ProposeNextAsync(tenant, ct).ConfigureAwait(false))
        {
            cases++;
        }

        if (cases > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Changes, tenant.Value).ConfigureAwait(false);
        }

        return cases == CasesOfTurn ? TurnEnd.More : TurnEnd.Nothing;
    }
}
