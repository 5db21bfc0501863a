using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>What figures must reach at the least. Those of one run's two sides count more than those of a machine.</summary>
internal static class Floors
{
    private static readonly Dictionary<string, Floor> All = new(StringComparer.Ordinal)
    {
        ["ingest.acks_per_s"] = AtLeast(3_000),
        ["ingest.share_of_raw"] = AtLeast(0.6),
        ["ingest.at_1000.p99_ms"] = AtMost(50),
        ["apply.facts_per_s"] = AtLeast(8_000),
        ["apply.hot_to_spread"] = AtLeast(0.8),
        ["apply.share_of_raw"] = AtLeast(0.3),
        ["burst.p95_ms"] = AtMost(500),
        ["burst.drained_s"] = AtMost(3),
        ["burst.calls"] = AtMost(20),
        ["burst.throttled"] = AtMost(0),
        ["burst.wrong_skus"] = AtMost(0),
        ["burst.backwards"] = AtMost(0),
        ["burst.drain_times_faster"] = AtLeast(60),
        ["burst.p95_times_lower"] = AtLeast(300),
        ["steady.p95_ms"] = AtMost(500),
        ["steady.p99_ms"] = AtMost(1_000),
        ["steady.wrong_skus"] = AtMost(0),
        ["steady.backwards"] = AtMost(0),
        ["push.share_of_limit"] = AtLeast(0.9),
        ["push.seconds"] = AtMost(25),
        ["fairness.ratio"] = AtMost(2),
        ["growth.ratio"] = AtMost(1.2),
        ["idle.tx_per_s"] = AtMost(20),
        ["idle.cpu_percent"] = AtMost(2),
        ["memory.worker_mb"] = AtMost(300),
        ["memory.api_mb"] = AtMost(200),
        ["reconcile.seconds"] = AtMost(60),
        ["scale.ratio"] = AtLeast(1.6),
        ["leases.moved_s"] = AtMost(10),
        ["explain.p95_ms"] = AtMost(200),
        ["sources.backfill_events_per_s"] = AtLeast(3_333),
        ["sources.push_p95_ms"] = AtMost(1_000),
        ["sources.push_beside_backfill_p95_ms"] = AtMost(1_000),
        ["sources.cdc_p95_ms"] = AtMost(500),
        ["auth.added_ms"] = AtMost(0.2),
    };

    /// <summary>The floor of a figure in words, and whether the value holds it; both empty where there is none.</summary>
    public static (string Words, string Holds) Of(string name, double value) => All.TryGetValue(name, out var floor)
        ? (floor.ToString(), floor.Holds(value) ? "yes" : "**no**")
        : ("", "");

    private static Floor AtLeast(double value) => new(value, Most: false);

    private static Floor AtMost(double value) => new(value, Most: true);

    private sealed record Floor(double Value, bool Most)
    {
        public bool Holds(double value) => Most ? value <= Value : value >= Value;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Most ? "≤" : "≥")} {Value:#,0.##}");
    }
}
