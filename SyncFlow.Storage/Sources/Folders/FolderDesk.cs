using Npgsql;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Folders;

/// <summary>A source's directory as people see it.</summary>
/// <param name="Folder">Below the tenant's own directory.</param>
/// <param name="Problem">Why it cannot be read, or what failed last; null where nothing did.</param>
/// <param name="LastFile">The file that was taken last.</param>
public sealed record FolderView(string Folder, string? Problem, string? LastFile, DateTimeOffset? LastFileAt);

/// <summary>Sources' directories, as people set them up.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class FolderDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The directory of a source, or null.</summary>
    public Task<FolderView?> FindAsync(long tenant, long connection, CancellationToken ct) => source.FirstAsync(
        tenant, "SELECT folder, problem, last_file, last_file_at FROM source_folders WHERE tenant_id = $1 AND connection_id = $2",
        row => new FolderView(row.GetString(0), row.Text(1), row.Text(2), row.TimeOrNull(3)), [connection], ct);

    /// <summary>Has a directory watched for a source; false where another source has it.</summary>
    public async Task<bool> PutAsync(long tenant, long connection, string folder, CancellationToken ct)
    {
        try
        {
            await source.ExecuteAsync(
                tenant,
                """
                INSERT INTO source_folders (tenant_id, connection_id, folder, created_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant_id, connection_id) DO UPDATE SET folder = excluded.folder, problem = NULL
                """,
                [connection, folder, DatabaseTime.Now(time)], ct).ConfigureAwait(false);
            return true;
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Stops watching; false where nothing was watched.</summary>
    public async Task<bool> RemoveAsync(long tenant, long connection, CancellationToken ct) => await source.ExecuteAsync(
        tenant, "DELETE FROM source_folders WHERE tenant_id = $1 AND connection_id = $2", [connection], ct).ConfigureAwait(false) == 1;
}
