using System.Collections.Concurrent;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Looks every second which connections may be worked on, and runs one lease-bound loop for each that nobody else
/// holds. Wake-ups from other processes enter here.
/// </summary>
internal sealed class ConnectionSupervisor(
    ConnectionStore connections, ConnectionRunnerFactory runners, WakeUps wakeUps, LevelSignals applied, Signals signals, TimeProvider time,
    ILogger<ConnectionSupervisor> logger) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(TenantId, ConnectionId), (Task Running, CancellationTokenSource Stop)> _running = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await wakeUps.SubscribeAsync(WakeUpKind.Levels, tenant => signals.Raise(new TenantId(tenant))).ConfigureAwait(false);
        await wakeUps.SubscribeAsync(WakeUpKind.Runs, tenant => signals.Raise(new TenantId(tenant))).ConfigureAwait(false);
        void Applied(TenantId tenant, ConnectionId connection) => signals.Raise(tenant);
        applied.Wanted += Applied;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(Sweep, time, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends: the loops end with it, below.
        }
        finally
        {
            applied.Wanted -= Applied;
            await Task.WhenAll(_running.Values.Select(StopAsync)).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            var all = await connections.AllAsync(ct).ConfigureAwait(false);
            var wanted = all.Where(c => c.Kind == ConnectionKinds.Shopify && c.Status.MayBeCalled())
                .Select(c => (c.Tenant, c.Connection)).ToHashSet();
            foreach (var key in wanted)
            {
                if (!_running.TryGetValue(key, out var known) || known.Running.IsCompleted)
                {
                    known.Stop?.Dispose();
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
                    _running[key] = (runners.Create(key.Tenant, key.Connection).RunAsync(stop.Token), stop);
                }
            }

            foreach (var (key, known) in _running)
            {
                if (!wanted.Contains(key) && _running.TryRemove(key, out _))
                {
                    await StopAsync(known).ConfigureAwait(false);
                }
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Log.JobFailed(logger, failure, "the look for connections");
        }
    }

    private static async Task StopAsync((Task Running, CancellationTokenSource Stop) known)
    {
        await known.Stop.CancelAsync().ConfigureAwait(false);
        await known.Running.ConfigureAwait(false);
        known.Stop.Dispose();
    }
}
