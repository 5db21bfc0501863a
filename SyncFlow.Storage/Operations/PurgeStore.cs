using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>
/// Deletes what has been kept for as long as docs/architecture.md says, of all tenants, in bounded steps. How long that is stands
/// in the database's function: the worker has no right of its own to delete any of it.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class PurgeStore(NpgsqlDataSource source)
{
    /// <summary>Rows of one transaction.</summary>
    public const int StepRows = 10_000;

    /// <summary>Steps of a table in a day; what is left then goes the next day.</summary>
    public const int MostSteps = 200;

    /// <summary>The tables of which something goes.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["idempotency_keys", "work_items", "sign_in_links", "sessions", "sync_runs"];

    /// <summary>Deletes what is old of a table; returns how many rows went.</summary>
    /// <param name="table">One of <see cref="Tables"/>.</param>
    /// <param name="stepRows">Rows of one transaction.</param>
    public async Task<int> RunAsync(string table, CancellationToken ct, int stepRows = StepRows)
    {
        var gone = 0;
        for (var step = 0; step < MostSteps; step++)
        {
            var rows = await StepAsync(table, stepRows, ct).ConfigureAwait(false);
            gone += rows;
            if (rows < stepRows)
            {
                break;
            }
        }

        return gone;
    }

    private async Task<int> StepAsync(string table, int rows, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT purge_step($1, $2)");
        command.Parameters.Add(Sql.P(table));
        command.Parameters.Add(Sql.P(rows));
        return (int)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }
}
