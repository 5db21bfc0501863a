using Npgsql;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Burst;

/// <summary>
/// Where the time from an order to the other store's level went, by the moments that the product wrote down itself: until
/// the webhook was here, until it was understood, until a push was planned, until its call began, until its answer was
/// settled. Each is over all events or pushes of the run, so they do not add up to one order's way.
/// </summary>
internal static class Stages
{
    private const string Sql =
        """
        WITH took (stage, ms) AS (
          SELECT 'arrive', received_at - triggered_at FROM inbox WHERE received_at BETWEEN $1 AND $2 AND content = 'shopify.webhook' AND topic LIKE 'orders/%'
          UNION ALL
          SELECT 'understand', finished_at - received_at FROM inbox
          WHERE received_at BETWEEN $1 AND $2 AND content = 'shopify.webhook' AND topic LIKE 'orders/%' AND finished_at IS NOT NULL
          UNION ALL
          SELECT 'plan', planned_at - cause_at FROM push_levels WHERE planned_at BETWEEN $1 AND $2 AND cause_at >= $1
          UNION ALL
          SELECT 'send', sent_at - planned_at FROM pushes WHERE planned_at BETWEEN $1 AND $2 AND sent_at IS NOT NULL
          UNION ALL
          SELECT 'settle', settled_at - sent_at FROM pushes WHERE planned_at BETWEEN $1 AND $2 AND settled_at IS NOT NULL
        )
        SELECT stage, (extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY ms)) * 1000)::float8,
          (extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY ms)) * 1000)::float8
        FROM took GROUP BY stage ORDER BY array_position(ARRAY['arrive', 'understand', 'plan', 'send', 'settle'], stage)
        """;

    private const string Pieces =
        """
        SELECT count(*), count(DISTINCT finished_at), (SELECT count(*) FROM push_levels WHERE planned_at BETWEEN $1 AND $2) FROM inbox WHERE received_at BETWEEN $1 AND $2
        """;

    /// <summary>
    /// Prints the median and the 95th percentile of each stage as <c>NAME.stage.STAGE_p95_ms</c>, and in how many pieces the
    /// work was done: events stored, batches they were applied in, levels that were pushed.
    /// </summary>
    /// <param name="since">When the first order of the run was placed; a plan's time counts from its oldest cause.</param>
    /// <param name="until">When the last was shown.</param>
    public static async Task ReportAsync(
        BenchServers servers, DateTimeOffset since, DateTimeOffset until, Results results, string name, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(servers.ConnectionString);
        await EachAsync(Sql, row =>
        {
            results.Add($"{name}.stage.{row.GetString(0)}_p50_ms", row.GetDouble(1), "ms");
            results.Add($"{name}.stage.{row.GetString(0)}_p95_ms", row.GetDouble(2), "ms");
        }).ConfigureAwait(false);
        await EachAsync(Pieces, row =>
        {
            results.Add(name + ".events", row.GetInt64(0), "events");
            results.Add(name + ".batches", row.GetInt64(1), "batches");
            results.Add(name + ".pushed_levels", row.GetInt64(2), "levels");
        }).ConfigureAwait(false);

        async Task EachAsync(string sql, Action<NpgsqlDataReader> read)
        {
#pragma warning disable CA2100 // Both statements are constants above.
            using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = since });
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = until });
            await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            while (await row.ReadAsync(ct).ConfigureAwait(false))
            {
                read(row);
            }
        }
    }
}
