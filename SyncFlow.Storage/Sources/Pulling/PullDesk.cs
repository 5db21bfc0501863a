using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary>How sources are asked, as people set it and look at it.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class PullDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT p.connection_id, p.base_url, p.scheme, p.account, p.movements, p.positions, p.pick_tasks, p.page_size, p.overlap, p.refresh_seconds,
          p.watermark, s.ordering, p.due_at, p.refresh_due_at, p.polled_at, p.refreshed_at, p.cursor IS NOT NULL, p.failures, p.fault_code, p.fault,
          p.fault_at, p.rounds, p.pages, p.pulled_rows,
          (SELECT count(*) FROM source_broken_rows b WHERE b.tenant_id = $1 AND b.connection_id = p.connection_id), p.page_shapes::text
        FROM source_pulls p JOIN sources s USING (tenant_id, connection_id) WHERE p.tenant_id = $1 AND p.connection_id = $2
        """;

    /// <summary>How a source is asked; null where it is not.</summary>
    public Task<PullView?> FindAsync(long tenant, long id, CancellationToken ct) => source.FirstAsync(tenant, Columns, Read, [id], ct);

    /// <summary>
    /// Sets how a source is asked, from now on; what it was asked before counts on. False where there is no such source,
    /// or no secret was given and none is there.
    /// </summary>
    public async Task<bool> SetAsync(long tenant, long id, PullSetup setup, string who, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(setup);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (setup.SealedSecret is { } secret)
        {
            await ConnectionStore.SetCredentialAsync(session, new ConnectionId(id), secret, ct).ConfigureAwait(false);
        }

        var set = await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO source_pulls AS p (tenant_id, connection_id, base_url, scheme, account, movements, positions, pick_tasks, page_size, overlap,
                  refresh_seconds, due_at, refresh_due_at, created_at, updated_at, page_shapes)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $6 OR $8 THEN $12 ELSE 'infinity'::timestamptz END,
                  CASE WHEN $7 THEN $12 ELSE 'infinity'::timestamptz END, $12, $12, $13::jsonb
                FROM sources s JOIN connections c USING (tenant_id, connection_id)
                WHERE s.tenant_id = $1 AND s.connection_id = $2 AND c.credential IS NOT NULL
                ON CONFLICT (tenant_id, connection_id) DO UPDATE SET base_url = excluded.base_url, scheme = excluded.scheme, account = excluded.account,
                  movements = excluded.movements, positions = excluded.positions, pick_tasks = excluded.pick_tasks, page_size = excluded.page_size,
                  overlap = excluded.overlap, refresh_seconds = excluded.refresh_seconds, due_at = excluded.due_at,
                  refresh_due_at = CASE WHEN p.refreshed_at IS NULL OR NOT excluded.positions THEN excluded.refresh_due_at
                    ELSE least(p.refreshed_at + make_interval(secs => excluded.refresh_seconds), excluded.refresh_due_at + make_interval(secs => excluded.refresh_seconds)) END,
                  since = NULL, cursor = NULL, round_watermark = NULL, failures = 0, updated_at = excluded.updated_at,
                  page_shapes = excluded.page_shapes
                """,
                Sql.P(id), Sql.P(setup.BaseUrl.AbsoluteUri), Sql.P((short)setup.Scheme), Sql.P(setup.Account), Sql.P(setup.Movements), Sql.P(setup.Positions),
                Sql.P(setup.PickTasks), Sql.P(setup.PageSize), Sql.P(setup.Overlap), Sql.P(setup.RefreshSeconds), Sql.P(at), Sql.P(PageShapeText.Write(setup.Pages))),
            ct).ConfigureAwait(false);
        if (set == 0)
        {
            return false; // Nothing is committed: a secret without its source is not kept.
        }

        await session.ExecuteAsync(
            AuditEntry.Of(session, at, who, "source-pull", string.Create(CultureInfo.InvariantCulture, $"source:{id}"), setup.SealedSecret is null ? "set" : "set, with a new secret"),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Asks a source no more, and forgets its secret; false where it was not asked.</summary>
    public async Task<bool> RemoveAsync(long tenant, long id, string who, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await session.ExecuteAsync(session.Of("DELETE FROM source_pulls WHERE tenant_id = $1 AND connection_id = $2", Sql.P(id)), ct).ConfigureAwait(false) == 0)
        {
            return false;
        }

        await session.ExecuteAsync(session.Of("UPDATE connections SET credential = NULL WHERE tenant_id = $1 AND connection_id = $2", Sql.P(id)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(CaseRows.CloseIncidents(session, [SourceFreeze.PullKeyOf(new ConnectionId(id))], at), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            AuditEntry.Of(session, at, who, "source-pull", string.Create(CultureInfo.InvariantCulture, $"source:{id}"), "removed"), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Makes a source due now; false where it is not asked.</summary>
    /// <param name="refresh">Whether all positions are asked for, too.</param>
    public async Task<bool> AskNowAsync(long tenant, long id, bool refresh, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        """
        UPDATE source_pulls SET due_at = CASE WHEN movements OR pick_tasks THEN $3 ELSE due_at END,
          refresh_due_at = CASE WHEN positions AND $4 THEN $3 ELSE refresh_due_at END
        WHERE tenant_id = $1 AND connection_id = $2
        """,
        [id, DatabaseTime.Now(time), refresh], ct).ConfigureAwait(false) == 1;

    /// <summary>Rows that could not be read or were refused, newest first.</summary>
    public Task<List<BrokenRowView>> BrokenAsync(long tenant, long id, long? before, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT broken_id, connection_id, feed, event_id, errors::text, body, first_at, seen_at, times FROM source_broken_rows
        WHERE tenant_id = $1 AND connection_id = $2 AND ($3::bigint IS NULL OR broken_id < $3) ORDER BY broken_id DESC LIMIT $4
        """,
        row => new BrokenRowView(
            row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.Text(3), JsonSerializer.Deserialize<Dictionary<string, string[]>>(row.GetString(4))!,
            row.GetString(5), row.Time(6), row.Time(7), row.GetInt32(8)),
        [id, before, count], ct);

    /// <summary>A frozen source was resumed: it is asked from where it went back to, and for all of its positions.</summary>
    internal static NpgsqlBatchCommand Resumed(StorageSession session, long id, DateTimeOffset at) => session.Of(
        """
        UPDATE source_pulls SET watermark = coalesce(back_to, watermark), back_to = NULL, since = NULL, cursor = NULL, round_watermark = NULL,
          due_at = CASE WHEN movements OR pick_tasks THEN $3 ELSE due_at END, refresh_due_at = CASE WHEN positions THEN $3 ELSE refresh_due_at END
        WHERE tenant_id = $1 AND connection_id = $2
        """,
        Sql.P(id), Sql.P(at));

    private static PullView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), (SourceApiScheme)row.GetInt16(2), row.Text(3), row.GetBoolean(4), row.GetBoolean(5), row.GetBoolean(6),
        row.GetInt32(7), row.GetInt32(8), row.GetInt32(9),
        row.LongOrNull(10) is { } mark ? SourceVersions.Text((SourceOrdering)row.GetInt16(11), mark) : null, Due(row, 12), Due(row, 13), row.TimeOrNull(14),
        row.TimeOrNull(15), row.GetBoolean(16), row.GetInt32(17), row.Text(18), row.Text(19), row.TimeOrNull(20), row.GetInt64(21), row.GetInt64(22),
        row.GetInt64(23), row.GetInt64(24), PageShapeText.Read(row.Text(25)));

    /// <summary>A moment that ever comes.</summary>
    private static DateTimeOffset? Due(DbDataReader row, int column) => row.Time(column) is var at && at < DateTimeOffset.MaxValue ? at : null;
}
