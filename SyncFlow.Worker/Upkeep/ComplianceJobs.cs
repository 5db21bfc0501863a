using SyncFlow.Storage.Compliance;

namespace SyncFlow.Worker.Upkeep;

/// <summary>Carries requests of privacy law out, within minutes of the thirty days they allow.</summary>
internal sealed class ComplianceJobs(ComplianceStore store, TimeProvider time, ILogger<ComplianceJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

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
            foreach (var tenant in await store.TenantsAsync(ct).ConfigureAwait(false))
            {
                await store.RunAsync(tenant, ct).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: the next round tries again.
        {
            Log.JobFailed(logger, failure, "requests of privacy law");
        }
    }
}
