using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SyncFlow.Worker;

/// <summary>What the worker counts and traces. SKUs stand on traces, never on metrics.</summary>
internal static class WorkerMeter
{
    public const string Name = "SyncFlow.Worker";

    public static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    public static readonly Counter<long> Pushes = Meter.CreateCounter<long>("syncflow.pushes", "{push}", "Pushes by how their call ended");

    public static readonly Counter<long> Elements = Meter.CreateCounter<long>("syncflow.push.levels", "{level}", "Pushed levels by outcome");

    public static readonly Counter<long> Calls = Meter.CreateCounter<long>("syncflow.channel.calls", "{call}", "Calls to channels by operation and result");

    public static readonly Counter<long> VerifyCycles = Meter.CreateCounter<long>("syncflow.verify.cycles", "{cycle}", "Verify cycles that came to their end");

    public static readonly Counter<long> Deadlocks = Meter.CreateCounter<long>("syncflow.deadlocks", "{deadlock}", "Transactions repeated after a deadlock");

    public static readonly Histogram<double> Latency = Meter.CreateHistogram<double>("syncflow.push.latency", "s", "From the cause of a decrease to its acknowledgement");

    public static void Call(string operation, string result) => Calls.Add(1, new("operation", operation), new("result", result));
}
