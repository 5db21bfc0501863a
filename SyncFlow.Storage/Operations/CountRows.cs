using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>What counts and operations need beside a SKU: read in the batch that reads the SKUs, under their locks.</summary>
internal static class CountRows
{
    private const string Columns = "c.count_key, c.sku_id, c.location_id, c.as_of, c.counted, c.variance, c.withdrawn";

    /// <summary>Later than every count: what a load without facts asks for.</summary>
    private static readonly DateTimeOffset Never = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Statements whose results <see cref="ReadAsync"/> reads: one, and three more where the batch needs them.</summary>
    public static List<NpgsqlBatchCommand> Statements(StorageSession session, long[] skus, OperationRefs refs)
    {
        // Late facts are rare, so this finds next to nothing: all counts as of a time that the batch speaks of, or later.
        var since = Sql.P(DatabaseTime.Of(refs.Since ?? Never));
        if (refs.IsEmpty)
        {
            return [session.Of(LaterSql + "$3", Sql.P(skus), since)];
        }

        // A withdrawal may name another moment than its count's: what comes after the count is corrected all the same.
        var keys = refs.Counts.Select(c => c.Key).ToArray();
        List<NpgsqlBatchCommand> statements =
        [
            session.Of(
                LaterSql + "least($3, (SELECT min(n.as_of) FROM stock_counts n WHERE n.tenant_id = $1 AND n.count_key = ANY ($4)))",
                Sql.P(skus), since, Sql.P(keys)),
            session.Of($"SELECT {Columns} FROM stock_counts c WHERE c.tenant_id = $1 AND c.count_key = ANY ($2)", Sql.P(keys)),
        ];
        var releases = refs.Releases.ToList();
        statements.Add(session.Of(
            BeforeSql,
            Sql.Column(refs.Counts, c => c.Key), Sql.Column(refs.Counts, c => c.Sku.Value),
            Sql.Column(refs.Counts, c => c.Location.Value), Sql.Column(refs.Counts, c => DatabaseTime.Of(c.AsOf))));
        statements.Add(session.Of(
            """
            SELECT e.sku_id, e.location_id, e.reason, sum(e.delta)::int
            FROM unnest($2::bigint[], $3::bigint[]) AS r (sku_id, location_id) JOIN ledger_entries e
              ON e.tenant_id = $1 AND e.sku_id = r.sku_id AND e.location_id = r.location_id AND e.bucket = 9
            GROUP BY 1, 2, 3
            """,
            Sql.Column(releases, r => r.Sku.Value), Sql.Column(releases, r => r.Location.Value)));
        return statements;
    }

    /// <summary>Reads the results, each after the one the reader stands on, into the set.</summary>
    public static async Task ReadAsync(NpgsqlDataReader reader, WorkingSet set, OperationRefs refs, CancellationToken ct)
    {
        (await NextAsync(reader, ReadCount, ct).ConfigureAwait(false)).ForEach(set.Counts.Load);
        if (refs.IsEmpty)
        {
            return;
        }

        (await NextAsync(reader, ReadCount, ct).ConfigureAwait(false)).ForEach(set.Counts.Load);
        foreach (var (count, before) in await NextAsync(
            reader,
            row => (refs.Counts[row.GetInt32(0) - 1], new OnHandBefore(row.GetInt32(1), row.Nullable<DateTimeOffset>(2))),
            ct).ConfigureAwait(false))
        {
            set.Counts.Load(count, before);
        }

        var sums = await NextAsync(
            reader,
            row => (
                Pool: (new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1))),
                Condition: UnavailableStock.ConditionOf((Core.Ledger.EntryReason)row.GetInt16(2)), Units: row.GetInt32(3)),
            ct).ConfigureAwait(false);
        foreach (var (pool, condition, units) in sums)
        {
            var key = (pool.Item1, pool.Item2, condition);
            set.Unavailable[key] = set.Unavailable.GetValueOrDefault(key) + units;
        }
    }

    /// <summary>Writes counts as the batch left them.</summary>
    public static NpgsqlBatchCommand Upsert(StorageSession session, IReadOnlyList<StockCount> counts, DateTimeOffset at) => session.Of(
        """
        INSERT INTO stock_counts AS c (tenant_id, count_key, sku_id, location_id, as_of, counted, variance, withdrawn, recorded_at, updated_at)
        SELECT $1, d.*, $2, $2 FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::int[], $8::int[], $9::bool[]) AS d
        ON CONFLICT (tenant_id, count_key) DO UPDATE SET
          variance = excluded.variance, withdrawn = excluded.withdrawn, updated_at = excluded.updated_at
        """,
        Sql.P(at),
        Sql.Column(counts, c => c.Key), Sql.Column(counts, c => c.Sku.Value), Sql.Column(counts, c => c.Location.Value),
        Sql.Column(counts, c => DatabaseTime.Of(c.AsOf)), Sql.Column(counts, c => c.Counted), Sql.Column(counts, c => c.Variance),
        Sql.Column(counts, c => c.Withdrawn));

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    private static StockCount ReadCount(NpgsqlDataReader row) => new(
        row.GetString(0), new SkuId(row.GetInt64(1)), new LocationId(row.GetInt64(2)), row.Moment(3), row.GetInt32(4),
        row.GetInt32(5), row.GetBoolean(6));

    private const string LaterSql =
        $"SELECT {Columns} FROM stock_counts c WHERE c.tenant_id = $1 AND c.sku_id = ANY ($2) AND NOT c.withdrawn AND c.as_of >= ";

    // By place in the list: facts of one batch may name one key with different pools or moments. 22: EntryReason.CountVariance; its entries carry their count's key and as-of time. 1: EntryReason.Opening.
    private const string BeforeSql =
        """
        SELECT k.place::int, coalesce(sum(e.delta), 0)::int, max(o.at)
        FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[])
          WITH ORDINALITY AS k (count_key, sku_id, location_id, as_of, place)
        LEFT JOIN ledger_entries e ON e.tenant_id = $1 AND e.sku_id = k.sku_id AND e.location_id = k.location_id AND e.bucket = 1
          AND (e.occurred_at < k.as_of
            OR (e.occurred_at = k.as_of AND e.reason = 22 AND e.fact_key COLLATE "C" < k.count_key COLLATE "C"))
        LEFT JOIN LATERAL (
          SELECT max(f.occurred_at) AS at FROM ledger_entries f
          WHERE f.tenant_id = $1 AND f.sku_id = k.sku_id AND f.location_id = k.location_id AND f.reason = 1) o ON true
        GROUP BY k.place
        """;
}
