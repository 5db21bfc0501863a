using Npgsql;
using SyncFlow.Core.Counts;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Operations;

/// <summary>A SKU that is to be counted at a location.</summary>
/// <param name="LastCountAt">As of when it was counted last; null for never.</param>
/// <param name="DueAt">When it is to be counted again; at once where it never was.</param>
public sealed record DueCount(string Sku, string Title, int OnHand, CountTier Tier, DateTimeOffset? LastCountAt, DateTimeOffset? DueAt);

/// <summary>Units that a location lost or found, by cause.</summary>
/// <param name="Cause"><c>writeOff</c>, <c>adjustment</c>, <c>count</c> or <c>transferLoss</c>.</param>
/// <param name="Reason">The reason code that was given.</param>
/// <param name="Units">Below zero lost, above zero found.</param>
public sealed record Shrinkage(string Location, string Cause, string? Reason, long Units);

/// <summary>What to count next, and what counting and writing off has shown.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class CyclePlanner(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs of a location that are due, the fastest tier and the longest wait first.</summary>
    public async Task<List<DueCount>> DueAsync(long tenant, long location, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT s.code, s.title, p.on_hand, percent_rank() OVER (ORDER BY coalesce(k.velocity_slow, 0) DESC), coalesce(k.velocity_slow, 0) > 0, c.at
            FROM positions p JOIN skus s USING (tenant_id, sku_id) LEFT JOIN sku_state k USING (tenant_id, sku_id)
            LEFT JOIN LATERAL (
              SELECT max(as_of) AS at FROM stock_counts x
              WHERE x.tenant_id = $1 AND x.sku_id = p.sku_id AND x.location_id = $2 AND NOT x.withdrawn) c ON true
            WHERE p.tenant_id = $1 AND p.location_id = $2
            """;
        var all = await source.ListAsync(
            tenant,
            sql,
            row =>
            {
                var tier = CountTiers.Of(row.GetDouble(3), row.GetBoolean(4));
                var last = row.TimeOrNull(5);
                return new DueCount(row.GetString(0), row.GetString(1), row.GetInt32(2), tier, last, last?.AddDays(CountTiers.DaysOf(tier)));
            },
            [location],
            ct).ConfigureAwait(false);
        var now = time.GetUtcNow();
        return [.. all.Where(d => d.DueAt is null || d.DueAt <= now).OrderBy(d => d.Tier).ThenBy(d => d.DueAt ?? DateTimeOffset.MinValue)
            .ThenBy(d => d.Sku, StringComparer.Ordinal).Take(count)];
    }

    /// <summary>Units lost and found in a time, by location, cause and reason code.</summary>
    public Task<List<Shrinkage>> ShrinkageAsync(long tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken ct)
    {
        const string sql =
            """
            WITH lost AS (
              SELECT o.location_id, CASE o.kind WHEN 3 THEN 'adjustment' WHEN 4 THEN 'writeOff' ELSE 'transferLoss' END AS cause, o.reason_code,
                CASE o.kind WHEN 3 THEN o.units ELSE -o.units END AS units
              FROM stock_operations o JOIN movement_keys m ON m.tenant_id = o.tenant_id AND m.movement_key = o.operation_key
              WHERE o.tenant_id = $1 AND o.kind IN (3, 4, 10) AND o.occurred_at >= $2 AND o.occurred_at < $3
              UNION ALL
              SELECT c.location_id, 'count', NULL, c.variance FROM stock_counts c
              WHERE c.tenant_id = $1 AND NOT c.withdrawn AND c.variance <> 0 AND c.as_of >= $2 AND c.as_of < $3)
            SELECT l.code, x.cause, x.reason_code, sum(x.units)::bigint
            FROM lost x JOIN locations l ON l.tenant_id = $1 AND l.location_id = x.location_id
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """;
        return source.ListAsync(
            tenant, sql, row => new Shrinkage(row.GetString(0), row.GetString(1), row.Text(2), row.GetInt64(3)),
            [since.ToUniversalTime(), until.ToUniversalTime()], ct);
    }
}
