using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>Milliseconds from an order to its effect; null until there is one.</summary>
internal sealed record Latency(double? P50, double? P95, double? P99, double Count)
{
    public static Latency Read(JsonNode? node) => new(node.Number("p50"), node.Number("p95"), node.Number("p99"), node.Number("count") ?? 0);
}

/// <summary>Latencies of the last seconds; a slow start does not stand in them.</summary>
internal sealed record RecentLatencies(double? Seconds, Latency ToAcknowledged, Latency ToVerified)
{
    public static RecentLatencies Read(JsonNode? node)
    {
        var recent = node as JsonObject;
        return new RecentLatencies(node.Number("seconds"), Latency.Read(recent?["acknowledged"]), Latency.Read(recent?["verified"]));
    }
}

/// <summary>What SyncFlow knows. The figures that decide how a run ends are required; the others may be missing.</summary>
internal sealed record PipelineFigures
{
    public required long EventsPending { get; init; }

    public required long DirtyLevels { get; init; }

    public required long UnverifiedLevels { get; init; }

    public required long OrdersKnown { get; init; }

    public required long OversoldWhileGuarded { get; init; }

    public required long DeadLetters { get; init; }

    public double? EventsApplied { get; init; }

    public double? Sent { get; init; }

    public double? Acknowledged { get; init; }

    public double? Verified { get; init; }

    public double? Stale { get; init; }

    public double? Rejected { get; init; }

    public double? Unknown { get; init; }

    public double? CoalescingRatio { get; init; }

    public double? Exposure { get; init; }

    public double? Suspense { get; init; }

    public double? IncidentsOpen { get; init; }

    /// <summary>Of the whole run, from the first order on.</summary>
    public required Latency ToAcknowledged { get; init; }

    public required Latency ToVerified { get; init; }

    /// <summary>Of the last seconds alone.</summary>
    public required RecentLatencies Recent { get; init; }

    /// <summary>Whether nothing waits any more to be applied or published.</summary>
    public bool IsPublished => EventsPending == 0 && DirtyLevels == 0;

    /// <summary>Reads the answer of <c>GET /api/v1/stats/pipeline</c>.</summary>
    /// <param name="node">The answer.</param>
    /// <param name="missing">Makes the failure for a required member that is not there.</param>
    public static PipelineFigures Read(JsonNode? node, Func<string, Exception> missing)
    {
        long Need(string member) => (long)(node.Number(member) ?? throw missing(member));
        var latency = (node as JsonObject)?["latency"] as JsonObject;
        return new PipelineFigures
        {
            EventsPending = Need("eventsPending"),
            DirtyLevels = Need("dirtyLevels"),
            UnverifiedLevels = Need("unverifiedLevels"),
            OrdersKnown = Need("ordersKnown"),
            OversoldWhileGuarded = Need("oversoldWhileGuardedUnits"),
            DeadLetters = Need("deadLetters"),
            EventsApplied = node.Number("eventsApplied"),
            Sent = node.Number("pushesSent"),
            Acknowledged = node.Number("pushesAcknowledged"),
            Verified = node.Number("pushesVerified"),
            Stale = node.Number("pushesStale"),
            Rejected = node.Number("pushesRejected"),
            Unknown = node.Number("pushesUnknown"),
            CoalescingRatio = node.Number("coalescingRatio"),
            Exposure = node.Number("exposureUnits"),
            Suspense = node.Number("suspenseUnits"),
            IncidentsOpen = node.Number("incidentsOpen"),
            ToAcknowledged = Latency.Read(latency?["acknowledged"]),
            ToVerified = Latency.Read(latency?["verified"]),
            Recent = RecentLatencies.Read((node as JsonObject)?["recent"]),
        };
    }
}

/// <summary>What really happened in the sandbox's world.</summary>
internal sealed record WorldFigures
{
    public required long OrdersAccepted { get; init; }

    public required long UnitsOversold { get; init; }

    public required long WebhooksPending { get; init; }

    /// <summary>Orders that all stores hold. Unlike the counters, it includes those of earlier starts.</summary>
    public required long OrdersInStores { get; init; }

    public double? OrdersRefused { get; init; }

    public double? UnitsSold { get; init; }

    /// <summary>Reads the answers of <c>GET /sandbox/stats</c> and <c>GET /sandbox/stores</c>.</summary>
    public static WorldFigures Read(JsonNode? node, JsonNode? stores, Func<string, Exception> missing)
    {
        long Need(string member) => (long)(node.Number(member) ?? throw missing(member));
        return new WorldFigures
        {
            OrdersAccepted = Need("ordersAccepted"),
            UnitsOversold = Need("unitsOversold"),
            WebhooksPending = Need("webhooksPending"),
            OrdersInStores = stores.Items().Sum(store => (long)(store.Number("orders") ?? throw missing("orders"))),
            OrdersRefused = node.Number("ordersRefused"),
            UnitsSold = node.Number("unitsSold"),
        };
    }
}

/// <summary>How often a service died and was started again.</summary>
internal sealed record ServiceRestarts(string Service, int Count);

/// <summary>Everything a run shows, at one moment.</summary>
internal sealed record Snapshot(TimeSpan Elapsed, WorldFigures World, PipelineFigures Pipeline, IReadOnlyList<ServiceRestarts> Restarts)
{
    /// <summary>Orders that a store accepted and the ledger does not know.</summary>
    public long OrdersMissing => Math.Max(0, World.OrdersInStores - Pipeline.OrdersKnown);

    /// <summary>Whether the channels are drained and nothing waits any more.</summary>
    public bool IsSettled => Left == 0;

    /// <summary>What waits still: events, orders, and levels to be published or verified.</summary>
    public long Left =>
        Pipeline.EventsPending + Pipeline.DirtyLevels + Pipeline.UnverifiedLevels + World.WebhooksPending + OrdersMissing;
}
