using SyncFlow.Core;
using SyncFlow.Storage.Ledger;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Once a night every position is rebuilt from the ledger and compared; a difference is an incident. A tenant's night is done by one
/// worker; what failed, or was missed because no worker ran, is done as soon as one does.
/// </summary>
internal sealed class ReplayNights(NightlyReplays nights, LedgerReplay replay, ILogger<ReplayNights> logger)
{
    /// <summary>Compares what is due; what fails for one tenant is its own trouble, and is tried again in a quarter of an hour.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var night = nights.Night;
        foreach (var tenant in await nights.DueAsync(night, ct).ConfigureAwait(false))
        {
            try
            {
                await CompareAsync(tenant, night, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.TenantFailed(logger, failure, "ledger replay", tenant.Value); // The job boundary: its claim runs out, its neighbours go on.
            }
        }
    }

    private async Task CompareAsync(TenantId tenant, DateOnly night, CancellationToken ct)
    {
        if (!await nights.ClaimAsync(tenant, night, ct).ConfigureAwait(false))
        {
            return; // Another worker has it, since it was found due.
        }

        var found = await replay.CompareAsync(tenant, only: null, _ => nights.KeepAsync(tenant, ct), ct).ConfigureAwait(false);
        if (found.Differing > 0)
        {
            Log.LedgerDiffers(logger, tenant.Value, found.Differing);
        }

        await nights.DoneAsync(tenant, night, ct).ConfigureAwait(false);
    }
}
