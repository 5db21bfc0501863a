using SyncFlow.Core;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Compliance;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Upkeep;

/// <summary>Carries requests of privacy law out, within minutes of the thirty days they allow; tenants have turns of one request.</summary>
internal sealed class ComplianceJobs(ComplianceStore store, TenantWeights weights, TimeProvider time, ILogger<ComplianceJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly TenantRounds _rounds = new("requests of privacy law", weights.Of, time, logger);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await RoundAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(Every, time, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task RoundAsync(CancellationToken ct)
    {
        try
        {
            await _rounds.RunAsync(store.TenantsAsync, TurnAsync, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: the next round tries again.
        {
            Log.JobFailed(logger, failure, "requests of privacy law");
        }
    }

    private async Task<TurnEnd> TurnAsync(TenantId tenant, CancellationToken ct) =>
        await store.NextAsync(tenant, ct).ConfigureAwait(false) ? TurnEnd.More : TurnEnd.Nothing;
}
