using System.Globalization;
using Npgsql;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// What the database's time of a measurement went into, statement by statement, as <c>pg_stat_statements</c> counts it: for
/// whoever looks for what to make cheaper. Nothing is counted, and nothing printed, unless it is asked for.
/// </summary>
internal static class StatementTrace
{
    /// <summary>The option that says how many statements to print, the most expensive first.</summary>
    public const string Option = "--statements";

    private const int WordsOfAStatement = 160;

    private const string Most =
        """
        SELECT total_exec_time, calls, total_exec_time * 1000 / calls, rows, total_exec_time * 1000 / greatest(rows, 1), wal_bytes::float8,
          regexp_replace(query, '\s+', ' ', 'g')
        FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT $1
        """;

    /// <summary>Settings with which a server counts; none where nothing is asked for.</summary>
    public static IReadOnlyList<string> Settings(BenchOptions options) =>
        options[Option] == 0 ? [] : ["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off"];

    /// <summary>Begins to count anew.</summary>
    public static async Task BeginAsync(BenchServers servers, BenchOptions options, CancellationToken ct)
    {
        if (options[Option] > 0)
        {
            await servers.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()", ct).ConfigureAwait(false);
        }
    }

    /// <summary>Prints what was counted since the beginning, a line <c>STATEMENT ...</c> each.</summary>
    public static async Task PrintAsync(BenchServers servers, BenchOptions options, CancellationToken ct)
    {
        if (options[Option] == 0)
        {
            return;
        }

        using var source = NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = source.CreateCommand(Most);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = options[Option] });
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await Console.Out.WriteLineAsync("STATEMENT ms | calls | us a call | rows | us a row | WAL bytes | text").ConfigureAwait(false);
        while (await row.ReadAsync(ct).ConfigureAwait(false))
        {
            var text = row.GetString(6);
            await Console.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"STATEMENT {row.GetDouble(0):0} | {row.GetInt64(1)} | {row.GetDouble(2):0} | {row.GetInt64(3)} | {row.GetDouble(4):0.0} | {row.GetDouble(5):0} | {text[..Math.Min(text.Length, WordsOfAStatement)]}"))
                .ConfigureAwait(false);
        }
    }
}
