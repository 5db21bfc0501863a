using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Worker.Publishing;

/// <summary>The one table of waits in the worker; it can print itself.</summary>
internal sealed record RetrySchedule(string What, ImmutableArray<TimeSpan> Waits)
{
    /// <summary>Before a set is planned again after a call that surely did nothing; the last wait repeats.</summary>
    public static readonly RetrySchedule NotDone = Of("push not done", 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000);

    /// <summary>Before a set whose answer was lost is sent again under its own key; then it waits for a reading.</summary>
    public static readonly RetrySchedule LostAnswer = new("lost answer replayed", PushMachine.AskAgainAfter);

    /// <summary>While a shop is frozen, locked or gone.</summary>
    public static readonly RetrySchedule ShopUnavailable = Of("shop unavailable", 5_000, 15_000, 30_000, 60_000);

    /// <summary>After a part of a connection's loop failed.</summary>
    public static readonly RetrySchedule Part = Of("part of the loop", 500, 1_000, 2_000, 5_000, 10_000);

    /// <summary>Transactions that met a deadlock.</summary>
    public static readonly RetrySchedule Deadlock = Of("deadlock", 10, 30, 90);

    /// <summary>Before a source is asked again that could not be asked.</summary>
    public static readonly RetrySchedule Source = Of("source asked again", 5_000, 15_000, 60_000, 300_000, 900_000);

    /// <summary>The wait before try <paramref name="attempt"/> + 1; attempts count from 1.</summary>
    public TimeSpan After(int attempt) => Waits[Math.Clamp(attempt - 1, 0, Waits.Length - 1)];

    /// <summary>How many waits there are; where waits are limited, how often it is tried again.</summary>
    public int Times => Waits.Length;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{What}: {string.Join(", ", Waits.Select(w => w.TotalMilliseconds))} ms");

    private static RetrySchedule Of(string what, params ReadOnlySpan<int> milliseconds)
    {
        var waits = ImmutableArray.CreateBuilder<TimeSpan>(milliseconds.Length);
        foreach (var wait in milliseconds)
        {
            waits.Add(TimeSpan.FromMilliseconds(wait));
        }

        return new RetrySchedule(what, waits.ToImmutable());
    }
}
