using SyncFlow.Core;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Work;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// What is done each minute about what failed: incidents whose cause is gone are closed, and orders whose location is still a
/// guess are asked for again.
/// </summary>
internal sealed class FaultCare(
    OpenIncidents incidents, DeadLetterIncidents deadLetters, OpenWork work, ILogger<FaultCare> logger)
{
    private static readonly string[] Kinds = [DeadLetterIncidents.Kind, WorkItemStore.RefusedKind, SetAside.SettlementKind, SetAside.HoldKind];

    /// <summary>One look; what fails for one tenant is its own trouble.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        foreach (var tenant in await incidents.TenantsAsync(Kinds, ct).ConfigureAwait(false))
        {
            await TryAsync("incidents whose cause is gone", tenant, () => CloseAsync(tenant, ct), ct).ConfigureAwait(false);
        }

        foreach (var (tenant, connection) in await work.GuessedAsync(ct).ConfigureAwait(false))
        {
            await TryAsync("orders at a guessed location", tenant, () => work.AskForGuessedAsync(tenant, connection, ct), ct).ConfigureAwait(false);
        }
    }

    private async Task CloseAsync(TenantId tenant, CancellationToken ct)
    {
        await deadLetters.CloseSettledAsync(tenant, ct).ConfigureAwait(false);
        await work.CloseAnsweredAsync(tenant, ct).ConfigureAwait(false);
        await incidents.CloseSetAsideAsync(tenant, ct).ConfigureAwait(false);
    }

    private async Task TryAsync(string job, TenantId tenant, Func<Task> run, CancellationToken ct)
    {
        try
        {
            await run().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.TenantFailed(logger, failure, job, tenant.Value); // The job boundary: its neighbours go on.
        }
    }
}
