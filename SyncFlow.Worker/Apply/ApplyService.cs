using Npgsql;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Keeps the inbox empty: tenants have turns of one batch (<see cref="Turns"/>), so that a noisy one makes no other wait
/// for more than a batch. Wake-ups name tenants at once; a sweep every second finds what no wake-up told.
/// </summary>
public sealed partial class ApplyService(
    ApplyPipeline pipeline, InboxStore inbox, WakeUps wakeUps, LevelSignals signals, TenantWeights shares, TimeProvider time, ILogger<ApplyService> log)
    : BackgroundService
{
    /// <summary>Batches that this process applies side by side.</summary>
    public const int Lanes = 3;

    /// <summary>
    /// Of these, for one tenant while it is alone and has a backlog: while one batch of it is written the next is read and
    /// understood. More would only wait for its SKUs.
    /// </summary>
    public const int LanesPerTenant = 2;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WaitAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Turns turns = new(LanesPerTenant, shares.Of, time);

    private readonly BatchSizes sizes = new();
    private readonly BatchWeights weights = new();
    private readonly HistoryLanes history = new(LanesPerTenant, time);

    /// <summary>What a file tells of a SKU in one batch, before any is known.</summary>
    private readonly BatchWeights pastWeights = new(first: 20);

    /// <summary>Something was stored for this tenant: give it a turn. Any number of calls before the turn are one.</summary>
    public void Wake(TenantId tenant) => turns.Wake(tenant);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await wakeUps.SubscribeAsync(WakeUpKind.Inbox, tenant => Wake(new TenantId(tenant))).ConfigureAwait(false);
        var lanes = Enumerable.Range(0, Lanes).Select(_ => ApplyTurnsAsync(stoppingToken));
        await Task.WhenAll([SweepAsync(stoppingToken), .. lanes]).ConfigureAwait(false);
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        do
        {
            try
            {
                foreach (var tenant in await inbox.TenantsWithPendingAsync(ct).ConfigureAwait(false))
                {
                    Wake(tenant);
                }
            }
            catch (NpgsqlException failure)
            {
                SweepFailed(log, failure); // The database is away; the next sweep looks again.
            }
        }
        while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false));
    }

    private async Task ApplyTurnsAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var tenant = await turns.NextAsync(ct).ConfigureAwait(false);
            var more = false;
            try
            {
                more = await TurnAsync(tenant, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // The job boundary. Nothing was lost: what was claimed is pending again, and the sweep finds it.
                TurnFailed(log, tenant.Value, failure);
                await Task.Delay(WaitAfterFailure, time, ct).ConfigureAwait(false);
            }
            finally
            {
                turns.End(tenant, more);
            }
        }
    }

    /// <summary>A tenant's turn: a batch of what happens now, or of history.</summary>
    /// <returns>Whether more may wait.</returns>
    private async Task<bool> TurnAsync(TenantId tenant, CancellationToken ct)
    {
        var turn = history.Begin(tenant);
        var (live, past, full, more) = (0, (int?)null, false, false);
        try
        {
            if (turn.HistoryFirst)
            {
                past = await PastAsync(tenant, turn, ct).ConfigureAwait(false);
            }

            if (past is null or 0)
            {
                (live, full) = await LiveAsync(tenant, ct).ConfigureAwait(false);
            }

            if (live == 0 && past is null && turn.MayTakeHistory)
            {
                past = await PastAsync(tenant, turn, ct).ConfigureAwait(false);
            }
        }
        finally
        {
            more = history.End(tenant, turn, live, past);
        }

        return full || more;
    }

    private async Task<(int Claimed, bool Full)> LiveAsync(TenantId tenant, CancellationToken ct)
    {
        var limit = weights.Within(tenant, sizes.Next(tenant, turns.OthersWait(tenant) || turns.HasCompany(tenant)));
        var result = await pipeline.RunAsync(tenant, limit, ct, InboxShare.Live).ConfigureAwait(false);
        sizes.Learn(tenant, limit, result.Claimed);
        weights.Learn(tenant, result.Claimed, result.Facts);
        await TellAsync(tenant, result).ConfigureAwait(false);
        return (result.Claimed, result.Claimed == limit);
    }

    private async Task<int> PastAsync(TenantId tenant, HistoryLanes.Turn turn, CancellationToken ct)
    {
        var limit = pastWeights.Within(
            tenant, InboxRetries.UsuallyClaimed, turn.IsAlone ? BatchWeights.MostFacts : BatchWeights.MostFactsBesideLive);
        var result = await pipeline.RunAsync(tenant, limit, ct, InboxShare.History).ConfigureAwait(false);
        if (result.Claimed > 0)
        {
            pastWeights.Learn(tenant, result.Claimed, result.Facts);
        }

        await TellAsync(tenant, result).ConfigureAwait(false);
        return result.Claimed;
    }

    private async Task TellAsync(TenantId tenant, ApplyResult result)
    {
        if (result.Claimed == 0)
        {
            return;
        }

        foreach (var connection in result.Connections)
        {
            signals.Raise(tenant, connection);
        }

        if (result.Connections.Count > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Levels, tenant.Value).ConfigureAwait(false);
        }

        await wakeUps.PublishAsync(WakeUpKind.Changes, tenant.Value).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep for waiting events failed; the next one is in a second.")]
    private static partial void SweepFailed(ILogger log, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Applying events of tenant {Tenant} failed; they stay pending.")]
    private static partial void TurnFailed(ILogger log, long tenant, Exception failure);
}
