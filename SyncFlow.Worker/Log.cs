namespace SyncFlow.Worker;

/// <summary>What the worker says. No secrets, no customer data, no bodies.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Connection {Connection} of tenant {Tenant}: lease {Epoch} taken")]
    public static partial void LeaseTaken(ILogger logger, long tenant, long connection, long epoch);

    [LoggerMessage(2, LogLevel.Information, "Connection {Connection} of tenant {Tenant}: lease {Epoch} ended")]
    public static partial void LeaseEnded(ILogger logger, long tenant, long connection, long epoch);

    [LoggerMessage(3, LogLevel.Error, "Connection {Connection} of tenant {Tenant}: {Part} failed; it goes on")]
    public static partial void PartFailed(ILogger logger, Exception failure, long tenant, long connection, string part);

    [LoggerMessage(4, LogLevel.Warning, "Connection {Connection} of tenant {Tenant}: push {Push} came to {Fault}: {Message}")]
    public static partial void PushFault(ILogger logger, long tenant, long connection, Guid push, string fault, string message);

    [LoggerMessage(5, LogLevel.Warning, "Connection {Connection} of tenant {Tenant} is suspended: {Reason}")]
    public static partial void Suspended(ILogger logger, long tenant, long connection, string reason);

    [LoggerMessage(6, LogLevel.Warning, "Connection {Connection} of tenant {Tenant}: {What} came to {Fault}: {Message}")]
    public static partial void CallFault(ILogger logger, long tenant, long connection, string what, string fault, string message);

    [LoggerMessage(7, LogLevel.Information, "Connection {Connection} of tenant {Tenant}: {Count} unanswered pushes taken over")]
    public static partial void TakenOver(ILogger logger, long tenant, long connection, int count);

    [LoggerMessage(8, LogLevel.Information, "Run {Run} ({Kind}) of tenant {Tenant} ended: {State}")]
    public static partial void RunEnded(ILogger logger, long tenant, long run, string kind, string state);

    [LoggerMessage(9, LogLevel.Error, "{Job} failed; it comes again")]
    public static partial void JobFailed(ILogger logger, Exception failure, string job);

    [LoggerMessage(10, LogLevel.Information, "Connection {Connection} of tenant {Tenant}: {Changes} webhook subscriptions put right")]
    public static partial void WebhooksChanged(ILogger logger, long tenant, long connection, int changes);

    [LoggerMessage(11, LogLevel.Error, "Tenant {Tenant}: {Count} positions differ from the ledger")]
    public static partial void LedgerDiffers(ILogger logger, long tenant, int count);

    [LoggerMessage(12, LogLevel.Warning, "Connection {Connection} of tenant {Tenant}: {Count} events were not applied in time")]
    public static partial void NotAppliedInTime(ILogger logger, long tenant, long connection, int count);

    [LoggerMessage(13, LogLevel.Information, "Old weeks of pushes: {Dropped} partitions dropped, {Held} stay because something of them waits")]
    public static partial void PushWeeks(ILogger logger, int dropped, int held);

    [LoggerMessage(16, LogLevel.Information, "Kept long enough and deleted: {Count} of {Table}")]
    public static partial void Purged(ILogger logger, int count, string table);

    [LoggerMessage(15, LogLevel.Warning, "Connection {Connection} of tenant {Tenant}: {Count} fetched events are dead letters; what needs them does not go on")]
    public static partial void DeadLetters(ILogger logger, long tenant, long connection, int count);

    [LoggerMessage(14, LogLevel.Error, "{Job} failed for tenant {Tenant}; it comes again, and the others go on")]
    public static partial void TenantFailed(ILogger logger, Exception failure, string job, long tenant);
}
