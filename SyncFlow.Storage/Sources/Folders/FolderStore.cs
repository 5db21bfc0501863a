using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources.Folders;

/// <summary>A directory that is watched.</summary>
public readonly record struct WatchedFolder(TenantId Tenant, ConnectionId Connection, string Folder);

/// <summary>What reading a source's files needs to know of it.</summary>
/// <param name="Mapping">Name of its mapping; null for our own columns.</param>
/// <param name="OwnMapping">The document, where it is one of the tenant's own.</param>
public sealed record FolderSource(SourceOrdering Ordering, string? Mapping, string? OwnMapping);

/// <summary>Watched directories, as the worker reads them.</summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class FolderStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Directories of all tenants.</summary>
    public async Task<List<WatchedFolder>> AllAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id, folder FROM watched_source_folders()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader, row => new WatchedFolder(new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2)), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Does something with a directory that no other worker does meanwhile: the lock lives as long as this process's
    /// connection, so one that is killed leaves none.
    /// </summary>
    /// <returns>False where another worker is at it.</returns>
    public async Task<bool> AloneAsync(WatchedFolder folder, Func<FolderSource, Task> work, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var session = await StorageSession.OpenAsync(source, folder.Tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT s.ordering, s.mapping, m.document::text
                FROM sources s LEFT JOIN source_mappings m ON m.tenant_id = $1 AND m.name = s.mapping
                WHERE s.tenant_id = $1 AND s.connection_id = $2 AND pg_try_advisory_xact_lock(hashtextextended('source folder ' || $1 || ' ' || $2, 0))
                """,
                Sql.P(folder.Connection.Value)),
            row => new FolderSource((SourceOrdering)row.GetInt16(0), row.Text(1), row.Text(2)), ct).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return false;
        }

        await work(found[0]).ConfigureAwait(false);
        return true;
    }

    /// <summary>Notes what became of a file, or why the directory cannot be read; what failed opens an incident, what is good closes it.</summary>
    /// <param name="file">The file; null for the directory itself.</param>
    /// <param name="problem">With the name of the file that it is about, which may be another one.</param>
    public async Task NoteAsync(WatchedFolder folder, string? file, string? problem, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        var key = string.Create(CultureInfo.InvariantCulture, $"source-file-failed:{folder.Connection.Value}");
        await using var session = await StorageSession.OpenAsync(source, folder.Tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_folders SET problem = $3, last_file = coalesce($4, last_file),
                  last_file_at = CASE WHEN $4::text IS NULL THEN last_file_at ELSE $5 END
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(folder.Connection.Value), Sql.P(problem), Sql.P(file), Sql.P(at)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            problem is null
                ? CaseRows.CloseIncidents(session, [key], at)
                : CaseRows.UpsertIncidents(session, [new Incident(key, "source-file-failed", $"{folder.Folder}: {problem}", folder.Connection, null, null, at)]),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
