using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary>
/// What the worker does with sources that are asked. Rows and how far they reach are stored in one transaction under the
/// lease, so whoever is killed in the middle leaves a round that another goes on with: nothing is lost, nothing comes twice.
/// </summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class PullStore(NpgsqlDataSource source, TimeProvider time)
{
    private const string Movements = "movements";

    private const string Tasks = "pick-tasks";

    /// <summary>Sources that are to be asked by now: of each tenant the one that waits longest, then the second of each, and so on.</summary>
    /// <param name="most">Most of all tenants.</param>
    /// <param name="ofOne">Most of one tenant.</param>
    public async Task<List<(TenantId Tenant, ConnectionId Connection)>> DueAsync(int most, int ofOne, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id FROM due_source_pulls($1, $2, $3)");
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        command.Parameters.Add(Sql.P(most));
        command.Parameters.Add(Sql.P(ofOne));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => (new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1))), ct).ConfigureAwait(false);
    }

    /// <summary>A source as it is now; null where it is not asked (any more), or nothing of it is due.</summary>
    public async Task<PullSource?> ReadAsync(TenantId tenant, ConnectionId connection, long epoch, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT p.base_url, p.scheme, p.account, c.credential, p.movements, p.positions, p.pick_tasks, p.page_size, p.overlap, p.refresh_seconds,
                  s.cadence_seconds, s.ordering, p.watermark, p.since, p.cursor, p.round_watermark, p.failures, p.refresh_due_at <= $3, p.due_at <= $3, p.page_shapes::text,
                  (SELECT jsonb_object_agg(m.name, m.document)::text FROM source_mappings m WHERE m.tenant_id = $1
                     AND m.name IN (p.page_shapes -> 'movements' ->> 'mapping', p.page_shapes -> 'positions' ->> 'mapping'))
                FROM source_pulls p JOIN sources s USING (tenant_id, connection_id) JOIN connections c USING (tenant_id, connection_id)
                WHERE p.tenant_id = $1 AND p.connection_id = $2 AND s.state = 1
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time))),
            row => new PullSource(
                tenant, connection, epoch, new Uri(row.GetString(0)), (SourceApiScheme)row.GetInt16(1), row.Text(2), row.Bytes(3), row.GetBoolean(4),
                row.GetBoolean(5), row.GetBoolean(6), row.GetInt32(7), row.GetInt32(8), TimeSpan.FromSeconds(row.GetInt32(9)),
                TimeSpan.FromSeconds(row.GetInt32(10)), (SourceOrdering)row.GetInt16(11), row.Nullable<long>(12),
                new PullRound(row.Nullable<long>(13), row.Text(14), row.Nullable<long>(15)), row.GetInt32(16), row.GetBoolean(17), row.GetBoolean(18),
                PageShapeText.Read(row.Text(19)), PageShapeText.Mappings(row.Text(20))),
            ct).ConfigureAwait(false);
        return found.Find(p => p.RefreshDue || p.PollDue);
    }

    /// <summary>Takes rows in and notes how far they reach; one transaction.</summary>
    /// <returns>Whether the source is frozen now, and how many inbox events were stored.</returns>
    /// <exception cref="LeaseLostException">Another worker asks this source now; nothing was stored.</exception>
    public async Task<(bool Frozen, int Stored)> HandOverAsync(PullSource pull, PullHandOver brought, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pull);
        ArgumentNullException.ThrowIfNull(brought);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, pull.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, pull.Connection, pull.Epoch, ct).ConfigureAwait(false);
        if (brought.WentBack is { } why)
        {
            await SourceFreeze.FreezeAsync(session, pull.Connection, why, at, ct).ConfigureAwait(false);
        }

        var (frozen, stored, refused) = await TakeInAsync(session, pull.Connection, brought.Events, at, ct).ConfigureAwait(false);
        var broken = await BrokenRows.KeepAsync(session, pull.Connection, Movements, [.. brought.Broken, .. refused], at, ct).ConfigureAwait(false);
        await session.ExecuteAsync(BrokenRows.Count(session, pull.Connection, Math.Min(broken, brought.Broken.Count), brought.Events.Count), ct).ConfigureAwait(false);
        await session.ExecuteAsync(Progress(session, pull, brought, frozen, at), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return (frozen, stored);
    }

    /// <summary>Notes that a part of the work is done: the fault is over, and when it is next.</summary>
    /// <param name="refreshed">Whether positions were asked for; else movements and pick tasks were.</param>
    /// <param name="contained">What the positions contain: where a source without a watermark is asked for movements from. Null for nothing.</param>
    public async Task DoneAsync(PullSource pull, bool refreshed, long? contained, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pull);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, pull.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, pull.Connection, pull.Epoch, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_pulls SET failures = 0, fault_code = NULL, fault = NULL, fault_at = NULL, updated_at = $3,
                  due_at = CASE WHEN $4 THEN due_at ELSE $5 END, polled_at = CASE WHEN $4 THEN polled_at ELSE $3 END,
                  refresh_due_at = CASE WHEN $4 THEN $6 ELSE refresh_due_at END, refreshed_at = CASE WHEN $4 THEN $3 ELSE refreshed_at END,
                  watermark = coalesce(watermark, $7)
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(pull.Connection.Value), Sql.P(at), Sql.P(refreshed), Sql.P(at + pull.Cadence), Sql.P(at + pull.RefreshEvery), Sql.P(contained)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(CaseRows.CloseIncidents(session, [SourceFreeze.PullKeyOf(pull.Connection)], at), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Notes why a part of the work came to nothing, opens its incident, and says when it is tried again. Where its first
    /// positions did not come, nor are its movements asked for until then: it is not known where they begin.
    /// </summary>
    /// <param name="wait">Until then.</param>
    /// <param name="anew">Whether the round begins anew instead of going on at its cursor.</param>
    public async Task FailedAsync(PullSource pull, bool refreshing, ChannelFault fault, TimeSpan wait, bool anew, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pull);
        ArgumentNullException.ThrowIfNull(fault);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, pull.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, pull.Connection, pull.Epoch, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_pulls SET failures = failures + 1, fault_code = $3, fault = $4, fault_at = $5, updated_at = $5,
                  due_at = CASE WHEN $6 AND watermark IS NOT NULL THEN due_at ELSE $7 END, refresh_due_at = CASE WHEN $6 THEN $7 ELSE refresh_due_at END,
                  since = CASE WHEN $8 THEN NULL ELSE since END, cursor = CASE WHEN $8 THEN NULL ELSE cursor END,
                  round_watermark = CASE WHEN $8 THEN NULL ELSE round_watermark END
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(pull.Connection.Value), Sql.P(fault.Code), Sql.P(fault.Message), Sql.P(at), Sql.P(refreshing), Sql.P(at + wait), Sql.P(anew)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            CaseRows.UpsertIncidents(
                session,
                [
                    new Incident(
                        SourceFreeze.PullKeyOf(pull.Connection), "source-pull", $"Asking the source failed ({fault.Code}): {fault.Message}. What it told before stands; it is asked again.",
                        pull.Connection, null, null, at),
                ]),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Takes in what changed of a warehouse's open pick tasks since they were last listed; one transaction.</summary>
    /// <param name="listed">All that are open now, as of <paramref name="moment"/>.</param>
    /// <param name="moment">When they were listed, in the source's own values.</param>
    /// <returns>How many inbox events were stored.</returns>
    public async Task<int> PickTasksAsync(
        PullSource pull, IReadOnlyList<SourceEvent> listed, IReadOnlyList<BrokenRow> broken, ListedAt moment, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pull);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, pull.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, pull.Connection, pull.Epoch, ct).ConfigureAwait(false);
        var (before, last) = await PickTasks.ReadAsync(session, pull.Connection, ct).ConfigureAwait(false);
        var changes = PickTasks.Changes(before, listed, last ?? moment);
        var (_, stored, refused) = await TakeInAsync(session, pull.Connection, changes.ConvertAll(c => c.Event), at, ct).ConfigureAwait(false);
        var no = refused.Select(r => r.EventId).ToHashSet(StringComparer.Ordinal);
        await PickTasks.KeepAsync(session, pull.Connection, [.. changes.Where(c => !no.Contains(c.Event.Id)).Select(c => c.Now)], moment, ct).ConfigureAwait(false);
        var known = await BrokenRows.KeepAsync(session, pull.Connection, Tasks, [.. broken, .. refused], at, ct).ConfigureAwait(false);
        await session.ExecuteAsync(BrokenRows.Count(session, pull.Connection, Math.Min(known, broken.Count), changes.Count), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return stored;
    }

    private static async Task<(bool Frozen, int Stored, List<BrokenRow> Refused)> TakeInAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> events, DateTimeOffset at, CancellationToken ct)
    {
        var groups = new SourceGroups();
        var refused = new List<BrokenRow>();
        var frozen = false;
        foreach (var some in events.Count == 0 ? [[]] : events.Chunk(SourceBatch.MostEvents))
        {
            var receipt = (await SourceIntake.TakeInAsync(session, connection, new SourceBatch(null, some), at, ct, groups).ConfigureAwait(false))!;
            frozen |= receipt.State == SourceState.Frozen;
            refused.AddRange(receipt.Items.Select((item, i) => (Item: item, Event: some[i])).Where(r => r.Item.Outcome == SourceOutcome.Refused).Select(r =>
                new BrokenRow(r.Event.Id, new Dictionary<string, string[]> { [r.Item.Field ?? "row"] = [r.Item.Message ?? ""] }, SourceContents.Text(r.Event))));
        }

        await groups.StoreAsync(session, connection, $"pull:{Guid.CreateVersion7(at):N}", at, ct).ConfigureAwait(false);
        await groups.NoteAsync(session, connection, ct).ConfigureAwait(false);
        return (frozen, groups.Stored, refused);
    }

    private static NpgsqlBatchCommand Progress(StorageSession session, PullSource pull, PullHandOver brought, bool frozen, DateTimeOffset at) => session.Of(
        """
        UPDATE source_pulls SET since = $3, cursor = $4, round_watermark = $5, watermark = greatest(watermark, $6), back_to = coalesce($7, back_to),
          pages = pages + $8, pulled_rows = pulled_rows + $9, rounds = rounds + CASE WHEN $10 THEN 1 ELSE 0 END, updated_at = $11
        WHERE tenant_id = $1 AND connection_id = $2
        """,
        Sql.P(pull.Connection.Value), Sql.P(frozen ? null : brought.Round.Since), Sql.P(frozen ? null : brought.Round.Cursor),
        Sql.P(frozen ? null : brought.Round.RoundWatermark), Sql.P(frozen ? null : brought.Watermark), Sql.P(brought.WentBackTo), Sql.P(brought.Pages),
        Sql.P((long)(brought.Events.Count + brought.Broken.Count)), Sql.P(brought.Round == PullRound.None), Sql.P(at));
}
