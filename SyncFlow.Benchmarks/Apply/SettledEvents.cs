using System.Diagnostics.Metrics;

namespace SyncFlow.Benchmarks.Apply;

/// <summary>
/// Counts the events that the worker says it has settled, by its own meter: asking the database would cost what is to be
/// measured. Whether they were truly settled is checked in the database afterwards.
/// </summary>
internal sealed class SettledEvents : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long open;

    /// <param name="expected">Events to wait for.</param>
    public SettledEvents(long expected)
    {
        open = expected;
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == "syncflow.apply.events")
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) =>
        {
            if (Interlocked.Add(ref open, -count) <= 0)
            {
                all.TrySetResult();
            }
        });
        listener.Start();
    }

    /// <summary>Ends when all are settled.</summary>
    public Task All => all.Task;

    public void Dispose() => listener.Dispose();
}
