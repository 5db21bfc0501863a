using SyncFlow.Core;
using SyncFlow.Storage.Channels;

namespace SyncFlow.Worker.Billing;

/// <summary>Bills every tenant: use is counted each minute, subscriptions are asked for every quarter of an hour.</summary>
internal sealed class BillingJobs(ChannelStore channels, BillingCycle cycle, BillingOptions options, TimeProvider time, ILogger<BillingJobs> logger) : BackgroundService
{
    private const int AskEveryRounds = 15;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Provider == BillingProvider.None)
        {
            return; // Nobody is billed, so nothing is counted.
        }

        try
        {
            for (var round = 0; !stoppingToken.IsCancellationRequested; round++)
            {
                await RoundAsync(ask: round % AskEveryRounds == 0, stoppingToken).ConfigureAwait(false);
                await Task.Delay(Every, time, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task RoundAsync(bool ask, CancellationToken ct)
    {
        foreach (var tenant in await TenantsAsync(ct).ConfigureAwait(false))
        {
            try
            {
                await cycle.RunAsync(tenant, ask, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: one tenant's trouble is its own.
            {
                Log.JobFailed(logger, failure, $"billing of tenant {tenant.Value}");
            }
        }
    }

    private async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        try
        {
            return await channels.TenantsAsync(ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Log.JobFailed(logger, failure, "billing");
            return [];
        }
    }
}
