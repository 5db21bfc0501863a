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

    private readonly SourceFileRows _rows = new(source, time);

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
    /// <exception cref="InvalidOperationException">It is coming in no more.</exception>
    public Task AddAsync(long tenant, long file, IReadOnlyList<FileRow> rows, CancellationToken ct) => _rows.AddAsync(tenant, file, rows, ct);

    /// <summary>A file that broke off or cannot be read: none of its rows is booked.</summary>
    public Task<int> BreakAsync(long tenant, long file, CancellationToken ct) => source.ExecuteAsync(
        tenant,
        "UPDATE source_files SET state = 6, finished_at = $3, to_clear = true WHERE tenant_id = $1 AND file_id = $2 AND state = 1",
        [file, DatabaseTime.Now(time)], ct);

    /// <summary>
    /// A file has come in whole: it is booked, waits for a person, or is known as one that was sent before.
    /// </summary>
    /// <param name="hash">By what it is known when it is sent again, 32 bytes.</param>
    /// <param name="leftOut">Makes the event of a position that a full refresh leaves out, of its item, its place and its number among them.</param>
    /// <returns>The file it is, and whether it was sent before.</returns>
    /// <exception cref="InvalidOperationException">It was given up meanwhile.</exception>
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

        var compared = leftOut is null ? (FeedComparison?)null
            : await RefreshComparison.RunAsync(session, connection, file, leftOut, rows => _rows.AddAsync(tenant, file, rows, ct), ct).ConfigureAwait(false);
        var why = compared is { } feed ? FeedGuard.WhyHeld(feed) : null;
        var kept = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_files SET state = $3, hash = $4, broken_rows = $5, errors = $6::jsonb, known = $7, listed = $8, zeroed = $9,
                  held_because = $10, rows = (SELECT count(*) FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2)
                WHERE tenant_id = $1 AND file_id = $2 AND state = 1
                """,
                Sql.P(file), Sql.P((short)(why is null ? SourceFileState.Applying : SourceFileState.AwaitsApproval)), Sql.P(hash), Sql.P(broken),
                Sql.P(ErrorJson.Of(errors)), Sql.P(compared?.Known), Sql.P(compared?.Listed), Sql.P(compared?.Zeroed), Sql.P(why)),
            ct).ConfigureAwait(false);
        SourceFileRows.RequireComingIn(kept == 1, file);
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
                UPDATE source_files SET state = $4, decided_by = $5, decided_at = $6, finished_at = CASE WHEN $4 = 5 THEN $6 END,
                  to_clear = $4 = 5
                WHERE tenant_id = $1 AND connection_id = $2 AND file_id = $3 AND state = 2
                """,
                Sql.P(connection), Sql.P(file), Sql.P((short)(approve ? SourceFileState.Applying : SourceFileState.Rejected)), Sql.P(by), Sql.P(at)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            CaseRows.CloseIncidents(session, decided == 1 ? [SourceFreeze.FeedKeyOf(new ConnectionId(connection), file)] : [], at),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return decided == 1;
    }

    private static SourceFileView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), (SourceFileKind)row.GetInt16(2), (SourceFileState)row.GetInt16(3), row.GetInt32(4), row.GetInt32(5),
        row.Text(6) is { } errors ? JsonSerializer.Deserialize<List<FileError>>(errors)! : [],
        row.LongOrNull(7) is { } known ? new FeedComparison(known, row.GetInt64(8), row.GetInt64(9)) : null, row.Text(10), row.GetInt32(11),
        row.GetInt32(12), row.GetInt32(13), row.GetInt32(14), row.GetInt32(15), row.GetString(16), row.Time(17), row.Text(18), row.TimeOrNull(19),
        row.TimeOrNull(20));
}
