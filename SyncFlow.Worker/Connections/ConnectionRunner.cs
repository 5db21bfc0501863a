using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;

namespace SyncFlow.Worker.Connections;

/// <summary>Makes runners.</summary>
internal sealed class ConnectionRunnerFactory(LeaseStore leases, TimeProvider time, ILogger<ConnectionRunner> logger)
{
    /// <summary>Names this process start among all holders of leases.</summary>
    public string Worker { get; } = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.CreateVersion7(time.GetUtcNow())}";

    /// <summary>A runner of work that one process alone may do for a connection.</summary>
    /// <param name="run">Runs until cancelled, and does not throw.</param>
    public ConnectionRunner Create(TenantId tenant, ConnectionId connection, Func<ChannelLease, CancellationToken, Task> run) =>
        new(tenant, connection, $"{Worker}/{connection.Value}", leases, run, time, logger);
}

/// <summary>Holds the lease of one connection by <see cref="LeaseMachine"/>, and runs its work while it is held.</summary>
internal sealed class ConnectionRunner(
    TenantId tenant, ConnectionId connection, string owner, LeaseStore leases, Func<ChannelLease, CancellationToken, Task> run, TimeProvider time,
    ILogger<ConnectionRunner> logger)
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(500);

    private readonly LeaseCount _count = new(time);
    private LeaseState _state = LeaseState.None;
    private Task? _loop;
    private CancellationTokenSource? _stopLoop;

    /// <summary>Runs until cancelled; then the lease is given back. Does not throw.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (!ct.IsCancellationRequested)
            {
                await StepAsync(new LeaseInput.Tick(), ct).ConfigureAwait(false);
                var sleep = _state.NextAt - _count.Now;
                await Task.Delay(sleep < LongestSleep ? Positive(sleep) : LongestSleep, time, ct).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Asked to stop.
        }

        var held = _state;
        await StopLoopAsync().ConfigureAwait(false);
        if (held.Held)
        {
            await GiveBackAsync(held.Epoch).ConfigureAwait(false);
        }
    }

    private async Task StepAsync(LeaseInput input, CancellationToken ct)
    {
        for (var next = input; next is not null;)
        {
            (_state, var effect) = LeaseMachine.Step(_state, next, _count.Now);
            next = await CarryOutAsync(effect, ct).ConfigureAwait(false);
        }
    }

    private async Task<LeaseInput?> CarryOutAsync(LeaseEffect effect, CancellationToken ct)
    {
        switch (effect)
        {
            case LeaseEffect.Wait:
                return null;
            case LeaseEffect.Acquire:
                return await AskAsync(() => leases.AcquireAsync(tenant, connection, owner, LeaseMachine.Ttl, ct), ct).ConfigureAwait(false);
            case LeaseEffect.Renew:
                var epoch = _state.Epoch;
                return await AskAsync(
                    async () => await leases.RenewAsync(tenant, connection, epoch, LeaseMachine.Ttl, ct).ConfigureAwait(false) ? epoch : null,
                    ct).ConfigureAwait(false);
            case LeaseEffect.Start:
                Log.LeaseTaken(logger, tenant.Value, connection.Value, _state.Epoch);
                _stopLoop = CancellationTokenSource.CreateLinkedTokenSource(ct);
                _loop = run(Lease(_state.Epoch), _stopLoop.Token);
                return null;
            case LeaseEffect.Stop:
                await StopLoopAsync().ConfigureAwait(false);
                return null;
            default:
                throw new InvalidOperationException($"No way to carry out {effect}.");
        }
    }

    // The next tick asks the store itself, within half a second.
    private ChannelLease Lease(long epoch) => new(tenant, connection, epoch)
    {
        IsHeld = () => _state is var state && state.Epoch == epoch && LeaseMachine.MayWork(state, _count.Now),
        Refused = () => { },
    };

    private async Task<LeaseInput> AskAsync(Func<Task<long?>> ask, CancellationToken ct)
    {
        var askedAt = _count.Now;
        try
        {
            return await ask().ConfigureAwait(false) is { } epoch ? new LeaseInput.Granted(epoch, askedAt) : new LeaseInput.Refused();
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            Log.PartFailed(logger, failure, tenant.Value, connection.Value, "the lease");
            return new LeaseInput.Failed();
        }
    }

    private async Task StopLoopAsync()
    {
        if (_loop is null)
        {
            return;
        }

        await _stopLoop!.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stopLoop.Dispose();
        (_loop, _stopLoop) = (null, null);
    }

    private async Task GiveBackAsync(long epoch)
    {
        try
        {
            await leases.ReleaseAsync(tenant, connection, epoch, CancellationToken.None).ConfigureAwait(false);
            Log.LeaseEnded(logger, tenant.Value, connection.Value, epoch);
        }
        catch (Exception failure) // The job boundary: the lease runs out by itself.
        {
            Log.PartFailed(logger, failure, tenant.Value, connection.Value, "giving the lease back");
        }
    }

    private static TimeSpan Positive(TimeSpan wait) => wait > TimeSpan.FromMilliseconds(10) ? wait : TimeSpan.FromMilliseconds(10);
}
