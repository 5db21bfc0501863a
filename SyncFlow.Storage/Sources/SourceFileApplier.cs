using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Takes the rows of files in, a batch in a transaction that also notes how far the file is: whoever is killed in the
/// middle leaves a file that another goes on with, and no row is taken in twice or left out. What a batch tells of a SKU
/// is one event of the inbox, so that a long history costs a row of the inbox, a claim and a plan for many rows of the file.
/// </summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceFileApplier(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>A file of which nothing more came for so long has broken off; one that comes slowly has not.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Rows of a batch. More make fewer events of the inbox, and hold the locks of their SKUs for longer when these are
    /// booked, so that what sells meanwhile waits.
    /// </summary>
    public const int MostRows = 5_000;

    /// <summary>Tenants with files to book. Needs the role worker.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_open_source_files()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Takes in all that a tenant's files have; returns how many rows.</summary>
    /// <param name="taken">Called after each turn that took something in.</param>
    public async Task<int> RunAsync(TenantId tenant, Func<Task>? taken, CancellationToken ct)
    {
        var (done, some) = (0, MostRows);
        while (some >= MostRows)
        {
            some = await TurnAsync(tenant, MostRows, ct).ConfigureAwait(false);
            done += some;
            await (some > 0 && taken is not null ? taken() : Task.CompletedTask).ConfigureAwait(false);
        }

        return done;
    }

    /// <summary>
    /// A tenant's turn: takes in the next rows of its files, the oldest file first. Each batch notes how far it is, so the
    /// next turn, of this worker or another, goes on from there.
    /// </summary>
    /// <param name="most">Most rows of the turn.</param>
    /// <returns>How many rows; fewer than <paramref name="most"/> where no more are left, or another worker is at them.</returns>
    public async Task<int> TurnAsync(TenantId tenant, int most, CancellationToken ct)
    {
        var done = 0;
        foreach (var file in await OpenAsync(tenant, ct).ConfigureAwait(false))
        {
            for (var some = 1; some > 0 && done < most; done += some)
            {
                some = await NextAsync(tenant, file, most - done, ct).ConfigureAwait(false);
            }
        }

        return done;
    }

    /// <summary>Takes in the next batch of a file; 0 where there is none, or another worker is at it.</summary>
    /// <param name="most">Most rows of it.</param>
    public async Task<int> NextAsync(TenantId tenant, long file, int most, CancellationToken ct) =>
        await NextAsync(tenant, file, most, sourceFirst: false, ct).ConfigureAwait(false)
        ?? (await NextAsync(tenant, file, most, sourceFirst: true, ct).ConfigureAwait(false))!.Value;

    /// <summary>The same; null where nothing was done because the source was or became another one meanwhile.</summary>
    /// <param name="sourceFirst">Whether the source is locked first, and what it tells meanwhile waits.</param>
    private async Task<int?> NextAsync(TenantId tenant, long file, int most, bool sourceFirst, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                "SELECT connection_id, done_line FROM source_files WHERE tenant_id = $1 AND file_id = $2 AND state = 3 FOR NO KEY UPDATE SKIP LOCKED",
                Sql.P(file)),
            row => (Connection: new ConnectionId(row.GetInt64(0)), Line: row.GetInt32(1)), ct).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return 0;
        }

        var rows = await session.QueryAsync(
            session.Of(
                "SELECT line, body FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2 AND line > $3 ORDER BY line LIMIT $4",
                Sql.P(file), Sql.P(found[0].Line), Sql.P(most)),
            row => new FileRow(row.GetInt32(0), SourceContents.Read<SourceEvent>(row.GetFieldValue<byte[]>(1))), ct).ConfigureAwait(false);
        var at = DatabaseTime.Now(time);
        if (rows.Count == 0)
        {
            await FinishAsync(session, file, at, ct).ConfigureAwait(false);
            await CaptureIncidents.CloseByRefreshAsync(session, file, at, ct).ConfigureAwait(false);
        }
        else
        {
            // With the batch: those of a large file would take longer than a statement may, all at its end.
            await session.ExecuteAsync(SourceFileRows.Delete(session, file, found[0].Line, rows[^1].Line), ct).ConfigureAwait(false);
            var name = string.Create(CultureInfo.InvariantCulture, $"file:{file}:{rows[0].Line}");
            var items = await SourceIntake.TakePastInAsync(
                session, found[0].Connection, rows.ConvertAll(r => r.Event), name, sourceFirst, at, ct).ConfigureAwait(false);
            if (items is null)
            {
                return null;
            }

            await session.ExecuteAsync(Note(session, file, rows[^1].Line, items), ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return rows.Count;
    }

    private async Task<List<long>> OpenAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var at = DatabaseTime.Now(time);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_files SET state = 6, finished_at = $2, to_clear = true
                WHERE tenant_id = $1 AND state = 1 AND coalesce(heard_at, received_at) < $3
                """,
                Sql.P(at), Sql.P(at - LongestSilence)),
            ct).ConfigureAwait(false);
        var open = await session.QueryAsync(
            session.Of("SELECT file_id FROM source_files WHERE tenant_id = $1 AND state = 3 ORDER BY file_id"), row => row.GetInt64(0), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return open;
    }

    private static Task<int> FinishAsync(StorageSession session, long file, DateTimeOffset at, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            "UPDATE source_files SET state = 4, finished_at = $3 WHERE tenant_id = $1 AND file_id = $2",
            Sql.P(file), Sql.P(at)),
        ct);

    private static NpgsqlBatchCommand Note(StorageSession session, long file, int line, IReadOnlyList<SourceItem> items)
    {
        int Count(SourceOutcome outcome) => items.Count(i => i.Outcome == outcome);
        return session.Of(
            """
            UPDATE source_files SET done_line = $3, done_rows = done_rows + $4, accepted = accepted + $5, repeated = repeated + $6, held = held + $7,
              refused = refused + $8
            WHERE tenant_id = $1 AND file_id = $2
            """,
            Sql.P(file), Sql.P(line), Sql.P(items.Count), Sql.P(Count(SourceOutcome.Accepted)), Sql.P(Count(SourceOutcome.Repeated)),
            Sql.P(Count(SourceOutcome.Held)), Sql.P(Count(SourceOutcome.Refused)));
    }
}
