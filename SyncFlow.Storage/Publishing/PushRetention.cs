using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Publishing;

/// <summary>Weeks of pushes: made before they come, dropped when they are old. See docs/architecture.md.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class PushRetention(NpgsqlDataSource source)
{
    /// <summary>Days that pushes are kept where nothing else is said.</summary>
    public const int DefaultDays = 90;

    /// <summary>What is billed, measured and proven looks back for days: less is never kept.</summary>
    public const int LeastDays = 7;

    /// <summary>Levels before pushes: a level's row leads to its push and not the other way round.</summary>
    private static readonly string[] Tables = ["push_levels", "pushes"];

    /// <summary>
    /// Makes partitions for the weeks ahead, and for past weeks of which something came into the default partition; returns
    /// how many were missing. Each table is a transaction of its own: none waits for one while it holds the other.
    /// </summary>
    public async Task<int> EnsureAsync(int weeksAhead, CancellationToken ct)
    {
        var made = 0;
        foreach (var table in Tables)
        {
            await using var command = source.CreateCommand("SELECT ensure_push_partitions($1, $2)");
            command.Parameters.Add(Sql.P(table));
            command.Parameters.Add(Sql.P(weeksAhead));
            made += (int)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        }

        return made;
    }

    /// <summary>
    /// Drops weeks that ended more than <paramref name="keepDays"/> ago and of which nothing waits for an answer or a proof;
    /// returns how many partitions went, and how many are as old and had to stay.
    /// </summary>
    public async Task<(int Dropped, int Held)> DropAsync(int keepDays, CancellationToken ct)
    {
        var (dropped, held) = (0, 0);
        foreach (var table in Tables)
        {
            await using var command = source.CreateCommand("SELECT dropped, held FROM drop_push_partitions($1, $2)");
            command.Parameters.Add(Sql.P(table));
            command.Parameters.Add(Sql.P(keepDays));
            await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await row.ReadAsync(ct).ConfigureAwait(false);
            (dropped, held) = (dropped + row.GetInt32(0), held + row.GetInt32(1));
        }

        return (dropped, held);
    }

    /// <summary>Asks since when pushes are kept; no row as long as none were dropped.</summary>
    internal static NpgsqlBatchCommand KeptFrom(StorageSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.Of("SELECT kept_from FROM pushes_kept WHERE $1 > 0");
    }
}
