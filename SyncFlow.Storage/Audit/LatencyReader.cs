using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Audit;

/// <summary>Measures the stages of latency out of what is stored anyway: ledger entries, plans and answers.</summary>
public static class LatencyReader
{
    /// <summary>The stages of changes caused since a moment. Reads the ledger and the pushes from there on.</summary>
    public static async Task<LatencyBreakdown> ReadAsync(StorageSession session, DateTimeOffset since, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var slices = await session.QueryAsync(session.Of(StagesSql, Sql.P(DatabaseTime.Of(since))), Read, ct).ConfigureAwait(false);
        return new LatencyBreakdown(
            since,
            slices.Find(s => !s.Slow).Slice ?? LatencySlice.Empty,
            slices.Find(s => s.Slow).Slice ?? LatencySlice.Empty);
    }

    private static (bool Slow, LatencySlice Slice) Read(NpgsqlDataReader row) => (
        row.GetBoolean(0),
        new LatencySlice(
            row.GetInt64(1), row.GetDouble(2), row.GetDouble(3), row.GetDouble(4), row.GetDouble(5), row.GetDouble(6),
            row.GetDouble(7), row.GetDouble(8), row.GetDouble(9)));

    // A cause is known from the first ledger entry of its SKU that names its moment; where there is none (a setting that
    // changed), from the moment itself. The channel's clock is not ours: an entry counts as no earlier than its cause.
    private const string StagesSql =
        """
        WITH known AS (
          SELECT sku_id, occurred_at, min(recorded_at) AS at FROM ledger_entries
          WHERE tenant_id = $1 AND recorded_at >= $2 - interval '10 minutes' GROUP BY sku_id, occurred_at
        ), acknowledged AS (
          SELECT l.cause_at, l.planned_at, p.sent_at, l.acknowledged_at, f.first_planned, f.attempts,
            greatest(l.cause_at, least(f.first_planned, coalesce(k.at, l.cause_at))) AS known_at
          FROM push_levels l
          JOIN pushes p ON p.tenant_id = l.tenant_id AND p.push_id = l.push_id AND p.planned_at = l.planned_at
          LEFT JOIN known k ON k.sku_id = l.sku_id AND k.occurred_at = l.cause_at
          CROSS JOIN LATERAL (
            SELECT min(x.planned_at) AS first_planned, count(*) AS attempts FROM push_levels x
            WHERE x.tenant_id = $1 AND x.level_id = l.level_id AND x.cause_at = l.cause_at
              AND x.planned_at >= $2 - interval '1 day' AND x.planned_at <= l.planned_at) AS f
          WHERE l.tenant_id = $1 AND l.planned_at >= $2 AND l.cause_at >= $2 AND l.outcome = 1 AND p.sent_at IS NOT NULL
        ), staged AS (
          SELECT attempts, extract(epoch FROM acknowledged_at - cause_at)::float8 * 1000 AS total,
            extract(epoch FROM known_at - cause_at)::float8 * 1000 AS to_ledger,
            extract(epoch FROM first_planned - known_at)::float8 * 1000 AS to_plan,
            extract(epoch FROM planned_at - first_planned)::float8 * 1000 AS refused,
            extract(epoch FROM sent_at - planned_at)::float8 * 1000 AS to_call,
            extract(epoch FROM acknowledged_at - sent_at)::float8 * 1000 AS called
          FROM acknowledged
        ), bound AS (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY total) AS p95 FROM staged)
        SELECT slice.slow, count(*), min(total), avg(total), avg(to_ledger), avg(to_plan), avg(refused), avg(to_call), avg(called),
          avg(attempts)::float8
        FROM staged CROSS JOIN bound CROSS JOIN LATERAL (VALUES (false), (true)) AS slice (slow)
        WHERE NOT slice.slow OR total >= p95
        GROUP BY slice.slow
        """;
}
