using Npgsql;

namespace SyncFlow.Storage.Schema;

/// <summary>
/// What the database's planner knows of tables that a catalog fills. The database looks by itself, but a minute and more
/// after they grew, and until then it may plan to read all rows of a merchant for each one that is asked for.
/// </summary>
public static class Statistics
{
    /// <summary>Has the tables looked at that have doubled since the last look; costs nothing where none did. Needs the role worker.</summary>
    /// <returns>How many were looked at.</returns>
    public static async Task<int> RefreshAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var command = source.CreateCommand("SELECT refresh_statistics()");
        return (int)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }
}
