using SyncFlow.Storage.Sources.Capture;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>
/// Looks every second which captures are to run, and runs each that no other worker holds. One that was changed is ended
/// and begun anew.
/// </summary>
internal sealed class CaptureSupervisor(
    CaptureStore captures, ConnectionRunnerFactory runners, CaptureReader reader, TimeProvider time, ILogger<CaptureSupervisor> logger)
    : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly Dictionary<CaptureKey, (Task Running, CancellationTokenSource Stop)> _running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Sweep, time);
            do
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends: the captures end with it, below.
        }
        finally
        {
            await Task.WhenAll(_running.Values.Select(StopAsync)).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            var wanted = (await captures.ToRunAsync(ct).ConfigureAwait(false)).ToHashSet();
            foreach (var (key, known) in _running.Where(r => !wanted.Contains(r.Key)).ToList())
            {
                _running.Remove(key); // First of all: the same source under a newer revision waits for this one's lease.
                await StopAsync(known).ConfigureAwait(false);
            }

            foreach (var key in wanted.Where(key => !_running.ContainsKey(key)))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
                var runner = runners.Create(key.Tenant, key.Connection, (lease, end) => reader.RunAsync(key, lease.Epoch, end));
                _running[key] = (runner.RunAsync(stop.Token), stop);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.JobFailed(logger, failure, "the look for captures"); // The job boundary: looked again at the next tick.
        }
    }

    private static async Task StopAsync((Task Running, CancellationTokenSource Stop) known)
    {
        await known.Stop.CancelAsync().ConfigureAwait(false);
        await known.Running.ConfigureAwait(false);
        known.Stop.Dispose();
    }
}
