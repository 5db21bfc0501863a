using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Keeps the inbox empty: one tenant after another, one batch each in turn, so that a noisy tenant makes no other wait
/// for more than a batch. Wake-ups name tenants at once; a sweep every second finds what no wake-up told.
/// </summary>
public sealed partial class ApplyService(
    ApplyPipeline pipeline, InboxStore inbox, WakeUps wakeUps, LevelSignals signals, TimeProvider time, ILogger<ApplyService> log)
    : BackgroundService
{
    /// <summary>Batches that this process applies side by side.</summary>
    public const int Lanes = 2;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WaitAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Channel<TenantId> turns = Channel.CreateUnbounded<TenantId>();

    private readonly ConcurrentDictionary<TenantId, bool> waiting = new();

    /// <summary>Something was stored for this tenant: give it a turn. Any number of calls before the turn are one.</summary>
    public void Wake(TenantId tenant)
    {
        if (waiting.TryAdd(tenant, true))
        {
            turns.Writer.TryWrite(tenant);
        }
    }

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
        await foreach (var tenant in turns.Reader.ReadAllAsync(ct).ConfigureAwait(false))
        {
            waiting.TryRemove(tenant, out _); // Before the look: what is stored during it gets another turn.
            try
            {
                var result = await pipeline.RunAsync(tenant, ct).ConfigureAwait(false);
                await TellAsync(tenant, result).ConfigureAwait(false);
                if (result.Claimed == InboxRetries.MostClaimed)
                {
                    Wake(tenant); // More may be there; the others come first.
                }
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // The job boundary. Nothing was lost: what was claimed is pending again, and the sweep finds it.
                TurnFailed(log, tenant.Value, failure);
                await Task.Delay(WaitAfterFailure, time, ct).ConfigureAwait(false);
            }
        }
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
