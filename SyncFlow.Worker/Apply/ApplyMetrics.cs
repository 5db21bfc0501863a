using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SyncFlow.Worker.Apply;

/// <summary>Figures and traces of applying.</summary>
internal static class ApplyMetrics
{
    private static readonly Meter Meter = new("SyncFlow.Apply");

    public static readonly ActivitySource Activities = new("SyncFlow.Apply");

    public static readonly Counter<long> Events =
        Meter.CreateCounter<long>("syncflow.apply.events", "{event}", "Inbox events that were settled");

    public static readonly Counter<long> EventsFailed =
        Meter.CreateCounter<long>("syncflow.apply.events.failed", "{event}", "Attempts at single events that failed");

    public static readonly Counter<long> BatchesFailed =
        Meter.CreateCounter<long>("syncflow.apply.batches.failed", "{batch}", "Batches that were undone and tried one by one");

    public static readonly Counter<long> Deadlocks =
        Meter.CreateCounter<long>("syncflow.apply.deadlocks", "{deadlock}", "Deadlocks that were answered by trying again");

    public static readonly Histogram<double> Batches =
        Meter.CreateHistogram<double>("syncflow.apply.batch.duration", "ms", "From loading a batch to its commit");
}
