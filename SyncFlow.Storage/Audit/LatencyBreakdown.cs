namespace SyncFlow.Storage.Audit;

/// <summary>Where the time goes between an order on one channel and the acknowledged change on another.</summary>
/// <param name="Since">Changes caused from here on.</param>
/// <param name="All">All changes.</param>
/// <param name="Slowest">The slowest twentieth: what the 95th percentile is made of.</param>
public sealed record LatencyBreakdown(DateTimeOffset Since, LatencySlice All, LatencySlice Slowest);

/// <summary>A set of acknowledged changes, and the mean of each stage in milliseconds. The stages add up to the mean.</summary>
/// <param name="Count">How many changes.</param>
/// <param name="FromMs">The fastest of them.</param>
/// <param name="MeanMs">From cause to acknowledgement.</param>
/// <param name="ToLedgerMs">Until the cause was in the ledger: the channel's own delay, delivery, the inbox, the batch.</param>
/// <param name="ToPlanMs">Until it was first planned: other pushes of the connection, readings, gathering a burst.</param>
/// <param name="RefusedMs">Until the attempt that succeeded: stale compares, and calls refused for a neighbour.</param>
/// <param name="ToCallMs">From that plan to its call: storing the intent.</param>
/// <param name="CallMs">The call: waiting for points, the channel's answer.</param>
/// <param name="Attempts">Plans per change; 1 where nothing was refused.</param>
public sealed record LatencySlice(
    long Count, double FromMs, double MeanMs, double ToLedgerMs, double ToPlanMs, double RefusedMs, double ToCallMs, double CallMs,
    double Attempts)
{
    /// <summary>Nothing to measure.</summary>
    public static LatencySlice Empty { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
