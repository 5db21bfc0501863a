namespace SyncFlow.Core.Publishing;

/// <summary>What a worker knows of its lease on a connection.</summary>
/// <param name="Epoch">The lease's number; 0 while there is none. Every new holder gets a higher one.</param>
/// <param name="Until">When it ends unless renewed, by our own clock.</param>
/// <param name="NextAt">When to ask for it, or to renew it, next.</param>
public sealed record LeaseState(long Epoch, DateTimeOffset Until, DateTimeOffset NextAt)
{
    /// <summary>No lease; asks at once.</summary>
    public static LeaseState None { get; } = new(0, DateTimeOffset.MinValue, DateTimeOffset.MinValue);

    /// <summary>Whether a lease is thought to be held.</summary>
    public bool Held => Epoch > 0;
}

/// <summary>What happened to a lease.</summary>
public abstract record LeaseInput
{
    private LeaseInput()
    {
    }

    /// <summary>Time passed.</summary>
    public sealed record Tick : LeaseInput;

    /// <summary>The request sent at <paramref name="AskedAt"/> was granted.</summary>
    public sealed record Granted(long Epoch, DateTimeOffset AskedAt) : LeaseInput;

    /// <summary>Somebody else holds it; or a transaction under its epoch was refused, which says the same.</summary>
    public sealed record Refused : LeaseInput;

    /// <summary>The request could not be made: nobody knows.</summary>
    public sealed record Failed : LeaseInput;
}

/// <summary>What to do about a lease.</summary>
public enum LeaseEffect
{
    /// <summary>Nothing until <see cref="LeaseState.NextAt"/>.</summary>
    Wait,

    /// <summary>Ask the database for it.</summary>
    Acquire,

    /// <summary>Ask the database for more time.</summary>
    Renew,

    /// <summary>Begin to work: it is held from now on.</summary>
    Start,

    /// <summary>Stop working at once: it is lost, or may be.</summary>
    Stop,
}

/// <summary>
/// One writer per connection. The holder counts its time from before it asked, so it stops no later than the database
/// lets another one start, whatever the request took; a holder that cannot reach the database stops by itself.
/// </summary>
public static class LeaseMachine
{
    /// <summary>
    /// How long a lease lasts without renewal: two renewals may be missed. With one more question, and the first work of a
    /// process that never did it, another worker goes on within ten seconds on a busy machine too.
    /// </summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(6);

    /// <summary>How often it is renewed.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(2);

    /// <summary>How often a worker looks after all that it holds: what is due, what is free.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>How soon to ask again for what another holds.</summary>
    public static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Time before the end at which work stops although nobody said so.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether something may be sent under a lease now, by its holder's own clock. Asked right before: who stood still for
    /// longer must send nothing, whatever it had in hand.
    /// </summary>
    public static bool MayWork(LeaseState state, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Held && now < state.Until - Margin;
    }

    /// <summary>One step.</summary>
    public static (LeaseState State, LeaseEffect Effect) Step(LeaseState state, LeaseInput input, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return input switch
        {
            LeaseInput.Tick => Tick(state, now),
            LeaseInput.Granted granted => Grant(state, granted),
            LeaseInput.Refused => (LeaseState.None with { NextAt = now + AskEvery }, state.Held ? LeaseEffect.Stop : LeaseEffect.Wait),
            LeaseInput.Failed => MayWork(state, now)
                ? (state with { NextAt = Earlier(now + AskEvery, state.Until - Margin) }, LeaseEffect.Wait)
                : (LeaseState.None with { NextAt = now + AskEvery }, state.Held ? LeaseEffect.Stop : LeaseEffect.Wait),
            _ => throw new ArgumentException($"No rule for {input?.GetType().Name ?? "null"}.", nameof(input)),
        };
    }

    private static (LeaseState, LeaseEffect) Tick(LeaseState state, DateTimeOffset now)
    {
        if (state.Held && !MayWork(state, now))
        {
            return (LeaseState.None with { NextAt = now }, LeaseEffect.Stop);
        }

        return now < state.NextAt
            ? (state, LeaseEffect.Wait)
            : (state, state.Held ? LeaseEffect.Renew : LeaseEffect.Acquire);
    }

    private static (LeaseState, LeaseEffect) Grant(LeaseState state, LeaseInput.Granted granted)
    {
        var next = new LeaseState(granted.Epoch, granted.AskedAt + Ttl, granted.AskedAt + RenewEvery);
        if (!state.Held)
        {
            return (next, LeaseEffect.Start);
        }

        // Another number means that somebody held it in between: what we planned under the old one is not ours any more.
        return state.Epoch == granted.Epoch
            ? (next, LeaseEffect.Wait)
            : (LeaseState.None with { NextAt = granted.AskedAt }, LeaseEffect.Stop);
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
