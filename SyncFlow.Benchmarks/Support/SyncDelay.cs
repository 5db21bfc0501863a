using System.Globalization;
using Npgsql;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// Makes every commit's sync take longer, as on a cloud's disk: PostgreSQL waits that long before each write of its log,
/// holding the lock under which it is written, so that commits that arrive meanwhile join the group exactly as they do
/// behind a slow disk. What is written is written as durably as ever.
/// </summary>
internal static class SyncDelay
{
    /// <summary>The option that says how many milliseconds.</summary>
    public const string Option = "--sync-delay";

    /// <summary>Applies to connections made from now on.</summary>
    /// <param name="connectionString">A superuser's, to the database.</param>
    /// <param name="milliseconds">0 leaves the disk as it is.</param>
    public static async Task SetAsync(string connectionString, long milliseconds, CancellationToken ct)
    {
        if (milliseconds == 0)
        {
            return;
        }

        var database = new NpgsqlConnectionStringBuilder(connectionString).Database;
        using var source = NpgsqlDataSource.Create(connectionString);
        var statements = string.Create(
            CultureInfo.InvariantCulture,
            $"ALTER DATABASE {database} SET commit_delay = {milliseconds * 1_000}; ALTER DATABASE {database} SET commit_siblings = 0");
#pragma warning disable CA2100 // A database name cannot be a parameter; ours is letters and our process id.
        using var command = source.CreateCommand(statements);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        NpgsqlConnection.ClearAllPools();
    }
}
