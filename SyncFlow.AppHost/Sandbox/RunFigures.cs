using System.Globalization;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>The figures of a moment in words: the rows of the live table and of the summary.</summary>
internal static class RunFigures
{
    public static IReadOnlyList<(string Name, string Value)> Of(Snapshot snapshot)
    {
        var (world, pipeline) = (snapshot.World, snapshot.Pipeline);
        return
        [
            ("time", snapshot.Elapsed.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture)),
            ("orders accepted / refused", $"{Count(world.OrdersAccepted)} / {Count(world.OrdersRefused)}"),
            ("orders in the ledger", Count(pipeline.OrdersKnown)),
            ("units sold", Count(world.UnitsSold)),
            ("events applied / waiting", $"{Count(pipeline.EventsApplied)} / {Count(pipeline.EventsPending)}"),
            ("dead letters", Count(pipeline.DeadLetters)),
            ("pushes sent / acknowledged", $"{Count(pipeline.Sent)} / {Count(pipeline.Acknowledged)}"),
            ("pushes verified", Count(pipeline.Verified)),
            ("pushes stale / rejected", $"{Count(pipeline.Stale)} / {Count(pipeline.Rejected)}"),
            ("pushes without an answer", Count(pipeline.Unknown)),
            ("levels waiting / unverified", $"{Count(pipeline.DirtyLevels)} / {Count(pipeline.UnverifiedLevels)}"),
            ("coalescing ratio", Ratio(pipeline.CoalescingRatio)),
            ("exposure / suspense, units", $"{Count(pipeline.Exposure)} / {Count(pipeline.Suspense)}"),
            ("oversold units", $"{Count(world.UnitsOversold)} (while guarded: {Count(pipeline.OversoldWhileGuarded)})"),
            ("open incidents", Count(pipeline.IncidentsOpen)),
            ("order to acknowledged, ms", $"{Percentiles(pipeline.ToAcknowledged)} (all {Count(pipeline.ToAcknowledged.Count)} changes since the first order)"),
            ("  the last seconds alone", Recent(pipeline.Recent.Seconds, pipeline.Recent.ToAcknowledged)),
            ("order to verified, ms", Percentiles(pipeline.ToVerified)),
            ("  the last seconds alone", Recent(pipeline.Recent.Seconds, pipeline.Recent.ToVerified)),
            ("services restarted", Restarts(snapshot.Restarts)),
        ];
    }

    /// <summary>The figures that matter most, on one line.</summary>
    public static string Line(Snapshot snapshot)
    {
        var (world, pipeline) = (snapshot.World, snapshot.Pipeline);
        return string.Create(
            CultureInfo.InvariantCulture,
            $@"{snapshot.Elapsed:hh\:mm\:ss}  orders {Count(world.OrdersAccepted)} (refused {Count(world.OrdersRefused)})  applied {Count(pipeline.EventsApplied)}  "
            + $"pushes {Count(pipeline.Sent)} sent {Count(pipeline.Acknowledged)} ack {Count(pipeline.Verified)} verified {Count(pipeline.Stale)} stale  "
            + $"coalescing {Ratio(pipeline.CoalescingRatio)}  exposure {Count(pipeline.Exposure)}  "
            + $"oversold {Count(world.UnitsOversold)} (guarded {Count(pipeline.OversoldWhileGuarded)})  "
            + $"ack ms {Percentiles(pipeline.ToAcknowledged)} (last {Count(pipeline.Recent.Seconds)} s: {Percentiles(pipeline.Recent.ToAcknowledged)})  "
            + $"verified ms {Percentiles(pipeline.ToVerified)}");
    }

    private static string Count(double? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "-";

    private static string Ratio(double? value) => value?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-";

    private static string Percentiles(Latency latency) => $"p50 {Count(latency.P50)} p95 {Count(latency.P95)} p99 {Count(latency.P99)}";

    private static string Recent(double? seconds, Latency latency) => $"{Percentiles(latency)} ({Count(latency.Count)} in {Count(seconds)} s)";

    private static string Restarts(IReadOnlyList<ServiceRestarts> restarts)
    {
        var died = restarts.Where(service => service.Count > 0).Select(service => string.Create(CultureInfo.InvariantCulture, $"{service.Service} {service.Count}"));
        var text = string.Join(", ", died);
        return text.Length == 0 ? "none" : text;
    }
}
