using Npgsql;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Explain;

/// <summary>
/// Fills a merchant's ledger with a past of its own, set-based: one entry every <see cref="Step"/>, a tenth of them on one
/// hot SKU; orders and receipts; and for every fourth a row of history on one of the SKU's levels. Belief there is the
/// number of the entry, so that what an answer says can be worked out here.
/// </summary>
internal sealed class LedgerFill(NpgsqlDataSource owner, BenchMerchant merchant)
{
    /// <summary>Time between two entries.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    /// <summary>When the past begins.</summary>
    public static readonly DateTimeOffset Start = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const int Batch = 500_000;
    private const int HotDigit = 3;
    private const int Spread = 7_919;

    /// <summary>Entries so far.</summary>
    public long Entries { get; private set; }

    /// <summary>The moment of the newest entry.</summary>
    public DateTimeOffset End => Start + (Step * Entries);

    /// <summary>Adds entries until there are so many, then lets the database look at its tables as autovacuum would.</summary>
    public async Task ToAsync(long entries, CancellationToken ct)
    {
        while (Entries < entries)
        {
            var last = Math.Min(entries, Entries + Batch);
            await ExecuteAsync(EntriesSql, ct, merchant.Tenant.Value, merchant.Location.Value, Ids(), Start, Step.TotalSeconds, Entries + 1, last).ConfigureAwait(false);
            await ExecuteAsync(HistorySql, ct, merchant.Tenant.Value, Ids(), Start, Step.TotalSeconds, Entries + 1, last).ConfigureAwait(false);
            Entries = last;
        }

        await ExecuteAsync("VACUUM (ANALYZE) ledger_entries", ct).ConfigureAwait(false);
        await ExecuteAsync("VACUUM (ANALYZE) level_history", ct).ConfigureAwait(false);
    }

    /// <summary>The place in the merchant's list of the SKU that entry <paramref name="n"/> is on; 0 is the hot one.</summary>
    public int SkuOf(long n) => n % 10 == HotDigit ? 0 : (int)(1 + (n * Spread % (merchant.Skus.Count - 1)));

    /// <summary>What the SKU's first level was believed to show after entry <paramref name="n"/>; null before its first row.</summary>
    public long? BeliefOf(int sku, long n)
    {
        while (n > 0 && !(n % 4 == 1 && SkuOf(n) == sku))
        {
            n--;
        }

        return n > 0 ? n : null;
    }

    /// <summary>Bytes of a table with its indexes.</summary>
    public Task<long> SizeAsync(string table, CancellationToken ct) => ScalarAsync("SELECT pg_total_relation_size($1::regclass)", ct, table);

    /// <summary>One number, asked in plain SQL past everything the product uses.</summary>
    public async Task<long> ScalarAsync(string sql, CancellationToken ct, params object[] parameters)
    {
        using var command = Command(sql, parameters);
        return Convert.ToInt64(await command.ExecuteScalarAsync(ct).ConfigureAwait(false), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct, params object[] parameters)
    {
        using var command = Command(sql, parameters);
        command.CommandTimeout = 0; // A batch takes as long as the disk does.
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
#pragma warning disable CA2100 // Statements are constants of this benchmark.
        var command = owner.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return command;
    }

    private long[] Ids() => [.. merchant.Skus.Select(s => s.Value)];

    private static readonly string EntriesSql =
        $"""
        INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, inbox_event_id, occurred_at, recorded_at)
        SELECT $1, {SkuSql("$3")}, $2,
          CASE WHEN n % 5 = 0 THEN 1 ELSE 2 END, CASE WHEN n % 2 = 0 THEN 1 WHEN n % 3 = 0 THEN -2 ELSE 2 END,
          CASE WHEN n % 5 = 0 THEN 9 ELSE 2 END, 'order:1:gid://shopify/Order/' || (6000000000 + n), n,
          $4::timestamptz + make_interval(secs => n * $5 - 0.5), $4::timestamptz + make_interval(secs => n * $5)
        FROM generate_series($6::bigint, $7::bigint) AS n
        """;

    private static readonly string HistorySql =
        $"""
        INSERT INTO level_history (tenant_id, level_id, at, belief, target, observed, suspense, surplus, unverified, cause, status, mode,
          sold_total, put_back_total, pushed_total)
        SELECT $1, l.level_id, $3::timestamptz + make_interval(secs => n * $4), n, n, n, 0, 0, 0, 'orders/create', 3, 3, n, 0, 0
        FROM generate_series($5::bigint, $6::bigint) AS n
        JOIN (
          SELECT v.sku_id, min(v.level_id) AS level_id FROM listing_levels v WHERE v.tenant_id = $1 GROUP BY v.sku_id) l
          ON l.sku_id = {SkuSql("$2")}
        WHERE n % 4 = 1
        ORDER BY n
        """;

    private static string SkuSql(string ids) =>
        $"({ids}::bigint[])[CASE WHEN n % 10 = {HotDigit} THEN 1 ELSE 2 + (n * {Spread}) % (array_length({ids}::bigint[], 1) - 1) END]";
}
