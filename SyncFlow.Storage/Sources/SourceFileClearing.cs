using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Deletes the rows of files that will not be booked: rejected, broken off, or given up. A file may have ten million of
/// them, so it is done by pieces, each a transaction that also notes how far it is: whoever is killed leaves a file that
/// another goes on with, and nobody waits for more than a piece.
/// </summary>
/// <param name="source">Acts as the worker role.</param>
public sealed class SourceFileClearing(NpgsqlDataSource source)
{
    /// <summary>Rows of a piece.</summary>
    public const int MostRows = 10_000;

    /// <summary>Tenants with such files. Needs the role worker.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_files_to_clear()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Deletes the next piece; false where nothing of the tenant's is left, or another worker is at it.</summary>
    /// <param name="most">Most rows of it.</param>
    public async Task<bool> NextAsync(TenantId tenant, int most, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of("SELECT file_id, done_line FROM source_files WHERE tenant_id = $1 AND to_clear ORDER BY file_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"),
            row => (File: row.GetInt64(0), Line: row.GetInt32(1)), ct).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return false;
        }

        var (file, line) = found[0];

        // From where the piece before ended: what that one deleted still stands in the index, and is not to be stepped over each time.
        var last = (await session.QueryAsync(
            session.Of(
                """
                SELECT max(line) FROM (
                  SELECT line FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2 AND line > $3 ORDER BY line LIMIT $4) AS piece
                """,
                Sql.P(file), Sql.P(line), Sql.P(most)),
            row => row.Nullable<int>(0), ct).ConfigureAwait(false))[0];
        if (last is { } through)
        {
            await session.ExecuteAsync(SourceFileRows.Delete(session, file, line, through), ct).ConfigureAwait(false);
        }

        await session.ExecuteAsync(
            session.Of(
                "UPDATE source_files SET done_line = coalesce($3, done_line), to_clear = $3::int IS NOT NULL WHERE tenant_id = $1 AND file_id = $2",
                Sql.P(file), Sql.P(last)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }
}
