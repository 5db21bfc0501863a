using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;

namespace SyncFlow.Worker.Connections;

/// <summary>One lease of a <see cref="LeaseKeeper"/>, by its machine, and the work that goes on under it.</summary>
/// <param name="run">Runs the work until cancelled, and does not throw.</param>
/// <param name="release">Gives a lease back whose work has ended.</param>
/// <param name="count">Of all leases of the same keeper.</param>
internal sealed class HeldLease(
    TenantId tenant, ConnectionId connection, Func<ChannelLease, CancellationToken, Task> run, Func<LeaseOf, Task> release, LeaseCount count,
    ILogger logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public TenantId Tenant => tenant;

    public ConnectionId Connection => connection;

    public (TenantId Tenant, ConnectionId Connection) Key => (tenant, connection);

    /// <summary>What is known of it.</summary>
    public LeaseState State { get; private set; } = LeaseState.None;

    /// <summary>Ends when the work has ended after a stop, and the lease is given back where it was let go.</summary>
    public Task Over { get; private set; } = Task.CompletedTask;

    /// <summary>Whether the work is asked to end.</summary>
    public bool IsLeaving => _stop.IsCancellationRequested;

    /// <summary>Whether nothing of it is left.</summary>
    public bool IsOver => IsLeaving && Over.IsCompleted;

    /// <summary>Time passed.</summary>
    public LeaseEffect Tick(DateTimeOffset now)
    {
        lock (_gate)
        {
            return State.Held ? Step(new LeaseInput.Tick(), now) : LeaseEffect.Wait;
        }
    }

    /// <summary>It was taken.</summary>
    public void Begin(LeaseInput.Granted granted, DateTimeOffset now)
    {
        lock (_gate)
        {
            Step(granted, now);
        }
    }

    /// <summary>An answer came to a question that was asked under an epoch; it is none where the lease was given back meanwhile.</summary>
    public void Answer(long epoch, LeaseInput answer, DateTimeOffset now)
    {
        lock (_gate)
        {
            _ = State.Held && State.Epoch == epoch ? Step(answer, now) : LeaseEffect.Wait;
        }
    }

    /// <summary>Ends the work; then the lease is given back, and another may take it at once. Until then it is renewed.</summary>
    public void LetGo()
    {
        if (!IsLeaving)
        {
            Over = EndAsync();
        }
    }

    public void Dispose() => _stop.Dispose();

    private LeaseEffect Step(LeaseInput input, DateTimeOffset now)
    {
        (State, var effect) = LeaseMachine.Step(State, input, now);
        if (effect == LeaseEffect.Start)
        {
            Log.LeaseTaken(logger, tenant.Value, connection.Value, State.Epoch);
            _loop = run(Lease(State.Epoch), _stop.Token);
        }
        else if (effect == LeaseEffect.Stop)
        {
            LetGo();
        }

        return effect;
    }

    /// <summary>What the work knows of it.</summary>
    private ChannelLease Lease(long epoch) => new(tenant, connection, epoch)
    {
        IsHeld = () => IsHeld(epoch),
        Refused = () => Answer(epoch, new LeaseInput.Refused(), count.Now),
    };

    private bool IsHeld(long epoch)
    {
        lock (_gate)
        {
            return State.Epoch == epoch && LeaseMachine.MayWork(State, count.Now);
        }
    }

    private async Task EndAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        long epoch;
        lock (_gate)
        {
            (epoch, State) = (State.Epoch, LeaseState.None);
        }

        if (epoch == 0)
        {
            return; // It was lost: another may have it.
        }

        try
        {
            await release(new LeaseOf(tenant, connection, epoch)).ConfigureAwait(false);
            Log.LeaseEnded(logger, tenant.Value, connection.Value, epoch);
        }
        catch (Exception failure) // The job boundary: the lease runs out by itself.
        {
            Log.PartFailed(logger, failure, tenant.Value, connection.Value, "giving the lease back");
        }
    }
}
