using Npgsql;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>Rows of <c>source_file_rows</c>: what a file holds, until it is booked.</summary>
/// <param name="source">Acts as the api role or the worker role.</param>
/// <param name="time">The clock.</param>
internal sealed class SourceFileRows(NpgsqlDataSource source, TimeProvider time)
{
    private const string Insert =
        """
        WITH heard AS (UPDATE source_files SET heard_at = $3 WHERE tenant_id = $1 AND file_id = $2 AND state = 1 RETURNING 1)
        INSERT INTO source_file_rows (tenant_id, file_id, line, item_key, place, on_hand, body)
        SELECT $1, $2, r.* FROM heard, unnest($4::int[], $5::text[], $6::text[], $7::int[], $8::bytea[]) AS r
        """;

    /// <summary>Keeps rows of a file that is coming in.</summary>
    /// <exception cref="InvalidOperationException">It is coming in no more.</exception>
    public async Task AddAsync(long tenant, long file, IReadOnlyList<FileRow> rows, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var kept = await source.ExecuteAsync(
            tenant, Insert,
            [
                file, DatabaseTime.Now(time), Sql.Column(rows, r => r.Line), Sql.Column(rows, r => SkuDesk.KeyOf(r.Event.Item)),
                Sql.Column(rows, r => r.Event.Place), Sql.Column(rows, r => r.Event.OnHand), Sql.Column(rows, r => SourceContents.Write(r.Event)),
            ],
            ct).ConfigureAwait(false);
        RequireComingIn(kept == rows.Count, file);
    }

    /// <summary>Adds rows to a file that waits for a person.</summary>
    public static NpgsqlBatchCommand AddWaiting(StorageSession session, long file, IReadOnlyList<FileRow> rows) => session.Of(
        """
        INSERT INTO source_file_rows (tenant_id, file_id, line, item_key, place, on_hand, body)
        SELECT $1, $2, r.* FROM unnest($3::int[], $4::text[], $5::text[], $6::int[], $7::bytea[]) AS r
        """,
        Sql.P(file), Sql.Column(rows, r => r.Line), Sql.Column(rows, r => SkuDesk.KeyOf(r.Event.Item)), Sql.Column(rows, r => r.Event.Place),
        Sql.Column(rows, r => r.Event.OnHand), Sql.Column(rows, r => SourceContents.Write(r.Event)));

    /// <summary>Deletes a file's rows after one line, up to another.</summary>
    public static NpgsqlBatchCommand Delete(StorageSession session, long file, int after, int through) => session.Of(
        "DELETE FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2 AND line > $3 AND line <= $4", Sql.P(file), Sql.P(after), Sql.P(through));

    /// <summary>Refuses to go on with a file that was given up meanwhile: it has lost rows.</summary>
    /// <exception cref="InvalidOperationException">It is coming in no more.</exception>
    public static void RequireComingIn(bool isComingIn, long file)
    {
        if (!isComingIn)
        {
            throw new InvalidOperationException($"File {file} was given up while it came in; nothing of it is booked.");
        }
    }
}
