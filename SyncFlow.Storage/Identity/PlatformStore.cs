using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Identity;

/// <summary>Super admins of the platform. They are made on the host, by whoever owns the database; the API cannot make them.</summary>
public static class PlatformStore
{
    /// <summary>Adds a super admin, or gives one who is there a new key.</summary>
    /// <param name="connectionString">A login that owns the database.</param>
    /// <param name="name">Who; stands in audit logs.</param>
    /// <param name="hash">SHA-256 of the key.</param>
    /// <param name="now">The moment.</param>
    /// <param name="ct">Ends the call.</param>
    public static async Task AddAsync(string connectionString, string name, byte[] hash, DateTimeOffset now, CancellationToken ct)
    {
        const string sql =
            """
            INSERT INTO platform_admins (name, key_hash, created_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET key_hash = excluded.key_hash, created_at = excluded.created_at, revoked_at = NULL
            """;
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL ROLE syncflow_owner"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Sql.P(name), Sql.P(hash), Sql.P(DatabaseTime.Of(now)) } });
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }
}
