using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Counts;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Operations;

/// <summary>A count as the ledger has booked it.</summary>
/// <param name="OnHandBefore">What the ledger has just before it, as it is known now.</param>
/// <param name="Variance">Counted less that; 0 once it is withdrawn.</param>
/// <param name="Percent">The variance in percent of what was expected; null where nothing was.</param>
public sealed record CountView(
    string Key, string Sku, string Location, DateTimeOffset AsOf, int Counted, int OnHandBefore, int Variance, decimal? Percent,
    bool Withdrawn, DateTimeOffset RecordedAt, DateTimeOffset UpdatedAt, long SkuId, long LocationId);

/// <summary>Which counts are asked for; what is null does not narrow.</summary>
public sealed record CountFilter(long? SkuId = null, long? LocationId = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null);

/// <summary>What the ledger had of a pool at a moment.</summary>
public sealed record OnHandAt(long SkuId, int Units);

/// <summary>Counts.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class CountDesk(NpgsqlDataSource source)
{
    private const string Columns =
        """
        SELECT c.count_key, s.code, l.code, c.as_of, c.counted, c.variance, c.withdrawn, c.recorded_at, c.updated_at, c.sku_id, c.location_id
        FROM stock_counts c JOIN skus s USING (tenant_id, sku_id) JOIN locations l USING (tenant_id, location_id)
        WHERE c.tenant_id = $1
        """;

    /// <summary>Counts, newest as-of time first.</summary>
    /// <param name="after">The as-of time and key after which the list goes on.</param>
    public Task<List<CountView>> ListAsync(
        long tenant, CountFilter filter, (DateTimeOffset AsOf, string Key)? after, int count, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string sql = Columns +
            """
             AND ($2::bigint IS NULL OR c.sku_id = $2) AND ($3::bigint IS NULL OR c.location_id = $3)
             AND ($4::timestamptz IS NULL OR c.as_of >= $4) AND ($5::timestamptz IS NULL OR c.as_of < $5)
             AND ($6::timestamptz IS NULL OR (c.as_of, c.count_key) < ($6, $7::text))
            ORDER BY c.as_of DESC, c.count_key DESC LIMIT $8
            """;
        return source.ListAsync(
            tenant, sql, Read,
            [filter.SkuId, filter.LocationId, filter.Since?.ToUniversalTime(), filter.Until?.ToUniversalTime(), after?.AsOf, after?.Key, count],
            ct);
    }

    /// <summary>One count by its fact key, or null where the ledger has none.</summary>
    public Task<CountView?> FindAsync(long tenant, string key, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND c.count_key = $2", Read, [key], ct);

    /// <summary>What the ledger has of SKUs at a location just before moments.</summary>
    public Task<List<OnHandAt>> OnHandAsync(
        long tenant, long location, IReadOnlyList<long> skus, IReadOnlyList<DateTimeOffset> moments, CancellationToken ct)
    {
        const string sql =
            """
            SELECT k.sku_id, coalesce(sum(e.delta), 0)::int
            FROM unnest($3::bigint[], $4::timestamptz[]) AS k (sku_id, at) LEFT JOIN ledger_entries e
              ON e.tenant_id = $1 AND e.sku_id = k.sku_id AND e.location_id = $2 AND e.bucket = 1 AND e.occurred_at < k.at
            GROUP BY k.sku_id
            """;
        return source.ListAsync(
            tenant, sql, row => new OnHandAt(row.GetInt64(0), row.GetInt32(1)),
            [location, skus.ToArray(), moments.Select(m => m.ToUniversalTime()).ToArray()], ct);
    }

    private static CountView Read(DbDataReader row)
    {
        var (counted, variance) = (row.GetInt32(4), row.GetInt32(5));
        return new CountView(
            row.GetString(0), row.GetString(1), row.GetString(2), row.Time(3), counted, counted - variance, variance,
            CountReview.PercentOf(counted - variance, counted), row.GetBoolean(6), row.Time(7), row.Time(8), row.GetInt64(9), row.GetInt64(10));
    }
}
