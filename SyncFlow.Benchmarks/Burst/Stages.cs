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
          SELECT 'arrive', received_at - triggered_at FROM inbox WHERE received_at >= $1 AND content = 'shopify.webhook' AND topic LIKE 'orders/%'
          UNION ALL
          SELECT 'understand', finished_at - received_at FROM inbox
          WHERE received_at >= $1 AND content = 'shopify.webhook' AND topic LIKE 'orders/%' AND finished_at IS NOT NULL
          UNION ALL
          SELECT 'plan', planned_at - cause_at FROM push_levels WHERE planned_at >= $1 AND cause_at >= $1
          UNION ALL
          SELECT 'send', sent_at - planned_at FROM pushes WHERE planned_at >= $1 AND sent_at IS NOT NULL
          UNION ALL
          SELECT 'settle', settled_at - sent_at FROM pushes WHERE planned_at >= $1 AND settled_at IS NOT NULL
        )
        SELECT stage, (extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY ms)) * 1000)::float8
        FROM took GROUP BY stage ORDER BY array_position(ARRAY['arrive', 'understand', 'plan', 'send', 'settle'], stage)
        """;

    /// <summary>Prints the 95th percentile of each stage as <c>NAME.stage.STAGE_p95_ms</c>.</summary>
    /// <param name="since">When the first order of the run was placed; a plan's time counts from its oldest cause.</param>
    public static async Task ReportAsync(BenchServers servers, DateTimeOffset since, Results results, string name, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = source.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = since });
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        while (await row.ReadAsync(ct).ConfigureAwait(false))
        {
            results.Add($"{name}.stage.{row.GetString(0)}_p95_ms", row.GetDouble(1), "ms");
        }
    }
}
