using System.Collections.Immutable;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Publishing;

/// <summary>What a cycle is for.</summary>
public enum VerifyPurpose
{
    /// <summary>Prove what was acknowledged: a drained reading of everything unproven.</summary>
    Prove,

    /// <summary>Find out at once what made a compare stale: a plain reading.</summary>
    Attribute,
}

/// <summary>Where a cycle stands.</summary>
public enum VerifyPhase
{
    Idle,

    /// <summary>Orders are fetched and applied before the levels are read.</summary>
    OrdersBefore,

    /// <summary>Levels are read.</summary>
    Reading,

    /// <summary>Waits until every order up to the reading is visible.</summary>
    Draining,

    /// <summary>Orders are fetched and applied once more.</summary>
    OrdersAfter,

    /// <summary>Readings are stored and applied.</summary>
    Storing,
}

/// <summary>Numbers of the cycle.</summary>
/// <param name="Lag">λ: until then an order may be missing from an order query.</param>
/// <param name="Every">Between cycles while something is unproven.</param>
/// <param name="PollEvery">Between order fetches while nothing is.</param>
public sealed record VerifySettings(TimeSpan Lag, TimeSpan Every, TimeSpan PollEvery)
{
    /// <summary>λ 10 s, a cycle every 5 s, a poll every 60 s.</summary>
    public static VerifySettings Default { get; } =
        new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(60));

    /// <summary>Least time between two cycles that attribute; stale compares are answered no later than this.</summary>
    public static readonly TimeSpan AttributeEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait after failures in a row.</summary>
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(60);
}

/// <summary>One cycle as a value.</summary>
/// <param name="WithLevels">Whether levels are to be read, or orders only polled.</param>
/// <param name="StartedAt">When the running or last cycle began.</param>
/// <param name="ReadAt">When the last of its levels was read.</param>
/// <param name="Readings">What was read, not stored yet.</param>
/// <param name="More">Whether the last cycle could not read all that is unproven: then the next one follows at once.</param>
/// <param name="Failures">Cycles that failed in a row.</param>
public sealed record VerifyState(
    VerifyPurpose Purpose, VerifyPhase Phase, bool WithLevels, DateTimeOffset StartedAt, DateTimeOffset ReadAt,
    ImmutableArray<Reading> Readings, bool More, int Failures)
{
    /// <summary>A machine that has not run yet.</summary>
    public static VerifyState Of(VerifyPurpose purpose) => new(
        purpose, VerifyPhase.Idle, false, DateTimeOffset.MinValue, DateTimeOffset.MinValue, [], false, 0);
}

/// <summary>What happened.</summary>
public abstract record VerifyInput
{
    private VerifyInput()
    {
    }

    /// <summary>Time passed, or something became dirty.</summary>
    /// <param name="LevelsWaiting">Whether levels wait for what this cycle is for.</param>
    public sealed record Tick(bool LevelsWaiting) : VerifyInput;

    /// <summary>Orders were fetched, stored and applied.</summary>
    public sealed record OrdersApplied : VerifyInput;

    /// <summary>Levels were read; the last answer came at <paramref name="ReadAt"/>.</summary>
    public sealed record LevelsRead(ImmutableArray<Reading> Readings, DateTimeOffset ReadAt, bool More) : VerifyInput;

    /// <summary>Readings were stored and applied.</summary>
    public sealed record Stored : VerifyInput;

    /// <summary>A step failed; nothing of this cycle counts.</summary>
    public sealed record Failed : VerifyInput;
}

/// <summary>What the worker is to do.</summary>
public abstract record VerifyEffect
{
    private VerifyEffect()
    {
    }

    /// <summary>Nothing before this moment, unless something becomes dirty.</summary>
    public sealed record Wait(DateTimeOffset Until) : VerifyEffect;

    /// <summary>Fetch the orders changed since the watermark, store them, wait until they are applied.</summary>
    public sealed record FetchOrders : VerifyEffect;

    /// <summary>Read the levels that wait, each with its marks taken while nothing is in flight.</summary>
    public sealed record ReadLevels(ReadingKind Kind) : VerifyEffect;

    /// <summary>Store these readings and wait until they are applied.</summary>
    public sealed record Store(ImmutableArray<Reading> Readings) : VerifyEffect;
}

/// <summary>
/// The verify cycle of one connection: orders, levels, and, once every order up to the reading must be visible, orders
/// again. Only then is a reading exact (docs/protocol.md, drained reading). Pure: the caller carries effects out and
/// reports what came of them.
/// </summary>
public static class VerifyCycle
{
    /// <summary>One step.</summary>
    public static (VerifyState State, VerifyEffect Effect) Step(
        VerifyState state, VerifyInput input, DateTimeOffset now, VerifySettings settings)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        return (state.Phase, input) switch
        {
            (_, VerifyInput.Failed) => End(state with { Failures = state.Failures + 1 }, now, settings),
            (VerifyPhase.Idle, VerifyInput.Tick tick) => Begin(state, tick.LevelsWaiting, now, settings),
            (VerifyPhase.OrdersBefore, VerifyInput.OrdersApplied) when !state.WithLevels =>
                End(state with { Failures = 0 }, now, settings),
            (VerifyPhase.OrdersBefore, VerifyInput.OrdersApplied) => (
                state with { Phase = VerifyPhase.Reading },
                new VerifyEffect.ReadLevels(state.Purpose == VerifyPurpose.Prove ? ReadingKind.Drained : ReadingKind.Plain)),
            (VerifyPhase.Reading, VerifyInput.LevelsRead read) => Read(state, read, now, settings),
            (VerifyPhase.Draining, VerifyInput.Tick) => Drain(state, now, settings),
            (VerifyPhase.OrdersAfter, VerifyInput.OrdersApplied) =>
                (state with { Phase = VerifyPhase.Storing }, new VerifyEffect.Store(state.Readings)),
            (VerifyPhase.Storing, VerifyInput.Stored) => End(state with { Failures = 0 }, now, settings),
            _ => throw new ArgumentException($"{input?.GetType().Name ?? "null"} cannot happen while {state.Phase}.", nameof(input)),
        };
    }

    private static (VerifyState, VerifyEffect) Begin(
        VerifyState state, bool waiting, DateTimeOffset now, VerifySettings settings)
    {
        var due = DueAt(state, waiting, settings);
        return now < due
            ? (state, new VerifyEffect.Wait(due))
            : (state with { Phase = VerifyPhase.OrdersBefore, WithLevels = waiting, StartedAt = now, Readings = [] },
                new VerifyEffect.FetchOrders());
    }

    private static DateTimeOffset DueAt(VerifyState state, bool waiting, VerifySettings settings)
    {
        if (state.StartedAt == DateTimeOffset.MinValue)
        {
            return waiting || state.Purpose == VerifyPurpose.Prove ? DateTimeOffset.MinValue : DateTimeOffset.MaxValue;
        }

        var pause = state.Purpose == VerifyPurpose.Attribute
            ? waiting ? VerifySettings.AttributeEvery : TimeSpan.MaxValue
            : waiting ? (state.More ? TimeSpan.Zero : settings.Every) : settings.PollEvery;
        if (pause == TimeSpan.MaxValue)
        {
            return DateTimeOffset.MaxValue;
        }

        if (state.Failures > 0)
        {
            var backoff = settings.Every * Math.Pow(2, Math.Min(state.Failures - 1, 10));
            backoff = backoff < VerifySettings.LongestBackoff ? backoff : VerifySettings.LongestBackoff;
            pause = pause > backoff ? pause : backoff;
        }

        return state.StartedAt + pause;
    }

    private static (VerifyState, VerifyEffect) Read(
        VerifyState state, VerifyInput.LevelsRead read, DateTimeOffset now, VerifySettings settings)
    {
        var next = state with { Readings = read.Readings, ReadAt = read.ReadAt, More = read.More };
        if (read.Readings.IsEmpty)
        {
            return End(next with { Failures = 0 }, now, settings);
        }

        return state.Purpose == VerifyPurpose.Attribute
            ? (next with { Phase = VerifyPhase.Storing }, new VerifyEffect.Store(read.Readings))
            : Drain(next with { Phase = VerifyPhase.Draining }, now, settings);
    }

    private static (VerifyState, VerifyEffect) Drain(VerifyState state, DateTimeOffset now, VerifySettings settings)
    {
        var visibleAt = state.ReadAt + settings.Lag;
        return now < visibleAt
            ? (state, new VerifyEffect.Wait(visibleAt))
            : (state with { Phase = VerifyPhase.OrdersAfter }, new VerifyEffect.FetchOrders());
    }

    /// <summary>Back to rest. The next tick decides, for it says what waits.</summary>
    private static (VerifyState, VerifyEffect) End(VerifyState state, DateTimeOffset now, VerifySettings settings)
    {
        var idle = state with { Phase = VerifyPhase.Idle, Readings = [], More = state.More && state.Failures == 0 };
        var waitUntil = DueAt(idle, waiting: true, settings);
        return (idle, new VerifyEffect.Wait(waitUntil > now ? waitUntil : now));
    }
}
