using SyncFlow.Storage.Billing;

namespace SyncFlow.Worker.Fairness;

/// <summary>Keeps the weights of tenants fresh; while they cannot be read those that were known hold.</summary>
internal sealed class WeightCare(TenantWeights weights, TimeProvider time, ILogger<WeightCare> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await weights.RefreshAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, "reading the weights of tenants"); // The job boundary: read again in a minute.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }
}
