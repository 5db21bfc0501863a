using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Audit;

/// <summary>Reads the figures of a tenant's pipeline.</summary>
public static class StatsReader
{
    /// <summary>What counts as recent.</summary>
    public static readonly TimeSpan RecentWindow = TimeSpan.FromSeconds(30);

    /// <summary>How far back figures go where nothing else is said.</summary>
    public static readonly TimeSpan UsualSpan = TimeSpan.FromDays(1);

    /// <summary>Everything the pipeline's figures need, in one round trip.</summary>
    /// <param name="since">What came and was written from here on is counted, and latencies of changes caused from here on; a day when null.</param>
    /// <param name="withOrders">Whether orders are counted too, however many there are.</param>
    public static async Task<PipelineStats> ReadAsync(
        StorageSession session, DateTimeOffset? since, DateTimeOffset now, bool withOrders, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var from = DatabaseTime.Of(since ?? now - UsualSpan);
        await using var batch = session.Batch(
            session.Of(CountsSql, Sql.P(from), Sql.P(DateOnly.FromDateTime(from.UtcDateTime)), Sql.P(withOrders)),
            session.Of(LatencySql, Sql.P(from), Sql.P(DatabaseTime.Of(now - RecentWindow))));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var counts = (await StorageSession.ReadAsync(reader, ReadCounts, ct).ConfigureAwait(false))[0];
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var (latency, recent) = (await StorageSession.ReadAsync(reader, ReadLatency, ct).ConfigureAwait(false))[0];
        return counts with { Latency = latency, Recent = recent };
    }

    private static PipelineStats ReadCounts(NpgsqlDataReader row)
    {
        var written = row.GetInt64(5);
        return new PipelineStats(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.Nullable<long>(4), written,
            row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11),
            written == 0 ? 0 : row.GetInt64(12) / (double)written,
            row.GetInt64(13), row.GetInt64(14), row.GetInt64(15), row.GetInt64(16), row.GetInt64(17), row.GetInt64(18), row.GetInt64(19),
            row.GetInt64(20),
            new PipelineLatency(None, None), new RecentLatency((int)RecentWindow.TotalSeconds, None, None));
    }

    private static readonly LatencyFigures None = new(0, 0, 0, 0);

    private static (PipelineLatency Whole, RecentLatency Recent) ReadLatency(NpgsqlDataReader row) => (
        new PipelineLatency(Figures(row, 0, 1), Figures(row, 2, 3)),
        new RecentLatency((int)RecentWindow.TotalSeconds, Figures(row, 4, 5), Figures(row, 6, 7)));

    private static LatencyFigures Figures(NpgsqlDataReader row, int percentiles, int count)
    {
        if (row.IsDBNull(percentiles))
        {
            return None;
        }

        var values = row.GetFieldValue<double[]>(percentiles);
        return new LatencyFigures(values[0], values[1], values[2], row.GetInt64(count));
    }

    // What waits and what is dead is counted whole, by the indexes that hold nothing else; all other counts are of the days asked for.
    // Acknowledged, stale, rejected and unknown count elements: one level of one push.
    private const string CountsSql =
        """
        SELECT i.received, i.applied,
          (SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state = 0), (SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state = 2),
          CASE WHEN $4 THEN (SELECT count(*) FROM orders WHERE tenant_id = $1 AND snapshot IS NOT NULL) END,
          p.written, (SELECT count(*) FROM pushes WHERE tenant_id = $1 AND planned_at >= $2 AND state > 0),
          p.acknowledged, p.verified, p.stale, p.rejected, p.lost, p.changes,
          l.unverified, l.dirty, l.suspense,
          s.exposure, s.oversold,
          (SELECT count(*) FROM incidents WHERE tenant_id = $1 AND closed_at IS NULL),
          (SELECT count(*) FROM connections c WHERE c.tenant_id = $1 AND c.status <> 7 AND EXISTS (
             SELECT FROM brakes b WHERE b.tenant_id = $1 AND b.connection_id IN (0, c.connection_id) AND b.strength > 0)),
          i.ignored
        FROM
          (SELECT count(*) AS received, count(*) FILTER (WHERE state IN (1, 3)) AS applied, count(*) FILTER (WHERE state = 3) AS ignored
           FROM inbox WHERE tenant_id = $1 AND received_day >= $3 AND received_at >= $2) AS i,
          (SELECT count(*) FILTER (WHERE outcome IS NULL OR outcome <> 3) AS written,
             count(*) FILTER (WHERE outcome = 1) AS acknowledged, count(verified_at) AS verified,
             count(*) FILTER (WHERE outcome = 2) AS stale, count(*) FILTER (WHERE outcome IN (4, 5)) AS rejected,
             count(*) FILTER (WHERE outcome = 6) AS lost,
             coalesce(sum(changes) FILTER (WHERE outcome IS NULL OR outcome <> 3), 0)::bigint AS changes
           FROM push_levels WHERE tenant_id = $1 AND planned_at >= $2) AS p,
          (SELECT count(*) FILTER (WHERE status NOT IN (6, 60, 62) AND (unverified_units > 0 OR needs_reading)) AS unverified, coalesce(sum(suspense), 0)::bigint AS suspense,
             count(*) FILTER (WHERE wants_push AND EXISTS (SELECT FROM connections c
               WHERE c.tenant_id = $1 AND c.connection_id = listing_levels.connection_id AND c.status = 3)) AS dirty
           FROM listing_levels WHERE tenant_id = $1) AS l,
          (SELECT coalesce(sum(exposure_units), 0)::bigint AS exposure,
             coalesce(sum(oversold_guarded_units), 0)::bigint AS oversold
           FROM sku_state WHERE tenant_id = $1) AS s
        """;

    private const string LatencySql =
        """
        SELECT
          percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY acknowledged) FILTER (WHERE acknowledged IS NOT NULL),
          count(acknowledged),
          percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY verified) FILTER (WHERE verified IS NOT NULL),
          count(verified),
          percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY acknowledged) FILTER (WHERE acknowledged_at >= $3),
          count(*) FILTER (WHERE acknowledged_at >= $3),
          percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY verified) FILTER (WHERE verified_at >= $3),
          count(*) FILTER (WHERE verified_at >= $3)
        FROM (
          SELECT acknowledged_at, verified_at, extract(epoch FROM acknowledged_at - cause_at)::float8 * 1000 AS acknowledged,
            extract(epoch FROM verified_at - cause_at)::float8 * 1000 AS verified
          FROM push_levels WHERE tenant_id = $1 AND cause_at >= $2 AND planned_at >= $2) AS l
        """;
}
