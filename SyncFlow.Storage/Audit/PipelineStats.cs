namespace SyncFlow.Storage.Audit;

/// <summary>
/// Figures of a tenant's pipeline: events that came and levels that were written since a moment; and as of now what waits, is dead,
/// in doubt, exposed or open.
/// </summary>
/// <param name="OrdersKnown">All orders that the ledger knows; null where they were not asked for.</param>
/// <param name="CoalescingRatio">Changes of targets per level written; 0 before the first write.</param>
/// <param name="DirtyLevels">Levels that want a push.</param>
/// <param name="EventsIgnored">Stored and not ours to act on, such as unknown topics.</param>
/// <param name="ConnectionsFrozen">Connections under a freeze switch, their own or the tenant's.</param>
/// <param name="OversoldWhileGuardedUnits">Units promised beyond what there was while guard was in force, cumulative.</param>
public sealed record PipelineStats(
    long EventsReceived,
    long EventsApplied,
    long EventsPending,
    long DeadLetters,
    long? OrdersKnown,
    long LevelsPushed,
    long PushesSent,
    long PushesAcknowledged,
    long PushesVerified,
    long PushesStale,
    long PushesRejected,
    long PushesUnknown,
    double CoalescingRatio,
    long UnverifiedLevels,
    long DirtyLevels,
    long SuspenseUnits,
    long ExposureUnits,
    long OversoldWhileGuardedUnits,
    long IncidentsOpen,
    long ConnectionsFrozen,
    long EventsIgnored,
    PipelineLatency Latency,
    RecentLatency Recent);

/// <summary>From the cause of a change (an order's own time) to the change on the other channels.</summary>
/// <param name="Acknowledged">Until the channel acknowledged the write.</param>
/// <param name="Verified">Until a drained reading proved it.</param>
public sealed record PipelineLatency(LatencyFigures Acknowledged, LatencyFigures Verified);

/// <summary>The same of the last seconds alone: neither a slow start nor a good past stands in it.</summary>
/// <param name="Seconds">How far back; changes that were acknowledged, or proven, within them.</param>
public sealed record RecentLatency(int Seconds, LatencyFigures Acknowledged, LatencyFigures Verified);

/// <summary>Percentiles in milliseconds; 0 when there is nothing to measure.</summary>
public sealed record LatencyFigures(double P50, double P95, double P99, long Count);
