using System.Data.Common;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources;

/// <summary>Receives files of sources row by row, judges them, and shows how far they are.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceFileDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT file_id, connection_id, kind, state, rows, broken_rows, errors::text, known, listed, zeroed, held_because, done_rows, accepted,
          repeated, held, refused, received_by, received_at, decided_by, decided_at, finished_at
        FROM source_files WHERE tenant_id = $1
        """;

    /// <summary>Files of a source, newest first.</summary>
    public Task<List<SourceFileView>> ListAsync(long tenant, long connection, long? before, int count, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND connection_id = $2 AND ($3::bigint IS NULL OR file_id < $3) ORDER BY file_id DESC LIMIT $4", Read,
        [connection, before, count], ct);

    /// <summary>One file, or null.</summary>
    public Task<SourceFileView?> FindAsync(long tenant, long connection, long file, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND connection_id = $2 AND file_id = $3", Read, [connection, file], ct);

    /// <summary>Begins to receive a file; returns its id.</summary>
    public async Task<long> BeginAsync(long tenant, long connection, SourceFileKind kind, string by, CancellationToken ct) => await source.FirstAsync(
        tenant,
        "INSERT INTO source_files (tenant_id, connection_id, kind, received_by, received_at) VALUES ($1, $2, $3, $4, $5) RETURNING file_id",
        row => row.GetInt64(0), [connection, (short)kind, by, DatabaseTime.Now(time)], ct).ConfigureAwait(false);

    /// <summary>Keeps rows of a file that is coming in.</summary>
    public Task<int> AddAsync(long tenant, long file, IReadOnlyList<FileRow> rows, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return source.ExecuteAsync(tenant, InsertRows, RowValues(file, rows), ct);
    }

    /// <summary>A file that broke off or cannot be read: none of its rows is booked.</summary>
    public Task<int> BreakAsync(long tenant, long file, CancellationToken ct) => source.ExecuteAsync(
        tenant,
        """
        WITH gone AS (DELETE FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2)
        UPDATE source_files SET state = 6, finished_at = $3 WHERE tenant_id = $1 AND file_id = $2 AND state = 1
        """,
        [file, DatabaseTime.Now(time)], ct);

    /// <summary>
    /// A file has come in whole: it is booked, waits for a person, or is known as one that was sent before.
    /// </summary>
    /// <param name="hash">SHA-256 of its bytes.</param>
    /// <param name="leftOut">Makes the event of a position that a full refresh leaves out, of its item, its place and its number among them.</param>
    /// <returns>The file it is, and whether it was sent before.</returns>
    public async Task<(long File, bool Repeated)> CompleteAsync(
        long tenant, long connection, long file, byte[] hash, int broken, IReadOnlyList<FileError> errors, Func<string, string, int, SourceEvent>? leftOut,
        CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        await SourceSettingsRows.LockAsync(session, new ConnectionId(connection), ct).ConfigureAwait(false);
        var before = await session.QueryAsync(
            session.Of(
                "SELECT file_id FROM source_files WHERE tenant_id = $1 AND connection_id = $2 AND hash = $3 AND state IN (2, 3, 4) ORDER BY file_id LIMIT 1",
                Sql.P(connection), Sql.P(hash)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        if (before.Count > 0)
        {
            await BreakAsync(tenant, file, ct).ConfigureAwait(false);
            return (before[0], true);
        }

        var compared = leftOut is null ? (FeedComparison?)null : await CompareAsync(session, connection, file, leftOut, ct).ConfigureAwait(false);
        var why = compared is { } feed ? FeedGuard.WhyHeld(feed) : null;
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_files SET state = $3, hash = $4, broken_rows = $5, errors = $6::jsonb, known = $7, listed = $8, zeroed = $9,
                  held_because = $10, rows = (SELECT count(*) FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2)
                WHERE tenant_id = $1 AND file_id = $2
                """,
                Sql.P(file), Sql.P((short)(why is null ? SourceFileState.Applying : SourceFileState.AwaitsApproval)), Sql.P(hash), Sql.P(broken),
                Sql.P(JsonSerializer.Serialize(errors)), Sql.P(compared?.Known), Sql.P(compared?.Listed), Sql.P(compared?.Zeroed), Sql.P(why)),
            ct).ConfigureAwait(false);
        if (why is not null)
        {
            await session.ExecuteAsync(SourceFreeze.FeedHeld(session, new ConnectionId(connection), file, why, DatabaseTime.Now(time)), ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return (file, false);
    }

    /// <summary>A person's word on a file that waits; false where it does not.</summary>
    public async Task<bool> DecideAsync(long tenant, long connection, long file, bool approve, string by, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var decided = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_files SET state = $4, decided_by = $5, decided_at = $6, finished_at = CASE WHEN $4 = 5 THEN $6 END
                WHERE tenant_id = $1 AND connection_id = $2 AND file_id = $3 AND state = 2
                """,
                Sql.P(connection), Sql.P(file), Sql.P((short)(approve ? SourceFileState.Applying : SourceFileState.Rejected)), Sql.P(by), Sql.P(at)),
            ct).ConfigureAwait(false);
        if (decided == 1 && !approve)
        {
            await session.ExecuteAsync(session.Of("DELETE FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2", Sql.P(file)), ct).ConfigureAwait(false);
        }

        await session.ExecuteAsync(
            CaseRows.CloseIncidents(session, decided == 1 ? [SourceFreeze.FeedKeyOf(new ConnectionId(connection), file)] : [], at),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return decided == 1;
    }

    /// <summary>Compares a refresh with what was known, and adds a row for every known position it leaves out.</summary>
    private static async Task<FeedComparison> CompareAsync(
        StorageSession session, long connection, long file, Func<string, string, int, SourceEvent> leftOut, CancellationToken ct)
    {
        var known = await session.QueryAsync(
            session.Of(
                """
                SELECT min(coalesce(i.item_code, k.code)), p.place, bool_or(f.line IS NOT NULL), coalesce(bool_or(f.on_hand > 0), false)
                FROM source_positions p JOIN skus k USING (tenant_id, sku_id)
                LEFT JOIN source_items i ON i.tenant_id = $1 AND i.connection_id = $2 AND i.sku_id = p.sku_id
                LEFT JOIN source_file_rows f ON f.tenant_id = $1 AND f.file_id = $3 AND f.place = p.place AND f.item_key IN (i.item_key, k.code_key)
                WHERE p.tenant_id = $1 AND p.connection_id = $2 AND p.on_hand > 0
                GROUP BY p.sku_id, p.place ORDER BY p.place, p.sku_id
                """,
                Sql.P(connection), Sql.P(file)),
            row => (Item: row.GetString(0), Place: row.GetString(1), Listed: row.GetBoolean(2), Positive: row.GetBoolean(3)), ct).ConfigureAwait(false);
        var counts = await session.QueryAsync(
            session.Of(
                "SELECT count(DISTINCT (item_key, place)), coalesce(max(line), 1) FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2", Sql.P(file)),
            row => (Listed: row.GetInt64(0), Line: row.GetInt32(1)), ct).ConfigureAwait(false);
        var missing = known.Where(k => !k.Listed).Select((k, i) => new FileRow(counts[0].Line + 1 + i, leftOut(k.Item, k.Place, i))).ToList();
        foreach (var chunk in missing.Chunk(SourceBatch.MostEvents))
        {
            await using var batch = session.Batch(Statement(session, file, chunk));
            await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        return new FeedComparison(known.Count, counts[0].Listed, known.Count(k => !k.Positive));
    }

    private const string InsertRows =
        """
        INSERT INTO source_file_rows (tenant_id, file_id, line, item_key, place, on_hand, body)
        SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::text[], $6::int[], $7::bytea[])
        """;

    private static NpgsqlBatchCommand Statement(StorageSession session, long file, IReadOnlyList<FileRow> rows) =>
        session.Of(InsertRows, [.. RowValues(file, rows).Select(v => v as NpgsqlParameter ?? new NpgsqlParameter { Value = v })]);

    private static object?[] RowValues(long file, IReadOnlyList<FileRow> rows) =>
    [
        file, Sql.Column(rows, r => r.Line), Sql.Column(rows, r => SkuDesk.KeyOf(r.Event.Item)), Sql.Column(rows, r => r.Event.Place),
        Sql.Column(rows, r => r.Event.OnHand), Sql.Column(rows, r => SourceContents.Write(r.Event)),
    ];

    private static SourceFileView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), (SourceFileKind)row.GetInt16(2), (SourceFileState)row.GetInt16(3), row.GetInt32(4), row.GetInt32(5),
        row.Text(6) is { } errors ? JsonSerializer.Deserialize<List<FileError>>(errors)! : [],
        row.LongOrNull(7) is { } known ? new FeedComparison(known, row.GetInt64(8), row.GetInt64(9)) : null, row.Text(10), row.GetInt32(11),
        row.GetInt32(12), row.GetInt32(13), row.GetInt32(14), row.GetInt32(15), row.GetString(16), row.Time(17), row.Text(18), row.TimeOrNull(19),
        row.TimeOrNull(20));
}
