using SyncFlow.Storage.Inbox;

namespace SyncFlow.Worker.Upkeep;

/// <summary>What is done each minute about what failed: incidents whose cause is gone are closed.</summary>
internal sealed class FaultCare(DeadLetterIncidents deadLetters, ILogger<FaultCare> logger)
{
    /// <summary>One look at every tenant that has something open; what fails for one is its own trouble.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        foreach (var tenant in await deadLetters.TenantsAsync(ct).ConfigureAwait(false))
        {
            try
            {
                await deadLetters.CloseSettledAsync(tenant, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.TenantFailed(logger, failure, "dead letters", tenant.Value); // The job boundary: its neighbours go on.
            }
        }
    }
}
