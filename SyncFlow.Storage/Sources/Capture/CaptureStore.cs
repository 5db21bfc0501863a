using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>A capture that is to run.</summary>
public readonly record struct CaptureKey(TenantId Tenant, ConnectionId Connection, int Revision);

/// <summary>What a stretch of the log came to.</summary>
/// <param name="Events">Events of its changes, in their order.</param>
/// <param name="Mark">How far the log is stored with them.</param>
public sealed record CaptureYield(
    IReadOnlyList<SourceEvent> Events, IReadOnlyList<CaptureRefusal> Refusals, CaptureMark Mark, int Transactions, int Changes, int PassedOver,
    DateTimeOffset? LastChangeAt)
{
    /// <summary>Ids of those events that deleted rows left.</summary>
    public IReadOnlySet<string> Deletions { get; init; } = new HashSet<string>();

    /// <summary>Whether a table of positions was emptied at once, which is not booked.</summary>
    public bool Emptied { get; init; }
}

/// <summary>What captures keep: what was read goes to the inbox in the same transaction that notes how far the log is read.</summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class CaptureStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Refused changes are kept so long.</summary>
    private static readonly TimeSpan RefusalsKept = TimeSpan.FromDays(30);

    /// <summary>Captures of all tenants that are to run.</summary>
    public async Task<List<CaptureKey>> ToRunAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id, revision FROM captures_to_run()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader, row => new CaptureKey(new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetInt32(2)), ct).ConfigureAwait(false);
    }

    /// <summary>A capture; null where it was removed or changed meanwhile.</summary>
    public async Task<CaptureTask?> FindAsync(CaptureKey key, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, key.Tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT c.host, c.port, c.database_name, c.username, c.tls, c.publication, c.slot, c.table_name, k.credential, c.revision, c.state,
                  c.confirmed, c.doing, c.done_changes, c.system_id, s.mapping, m.document::text
                FROM source_captures c JOIN sources s USING (tenant_id, connection_id) JOIN connections k USING (tenant_id, connection_id)
                LEFT JOIN source_mappings m ON m.tenant_id = $1 AND m.name = s.mapping
                WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.revision = $3
                """,
                Sql.P(key.Connection.Value), Sql.P(key.Revision)),
            row => new CaptureTask(
                new CaptureSettings(
                    row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetString(3), (CaptureTls)row.GetInt16(4), row.GetString(5),
                    row.GetString(6), row.GetString(7)),
                row.Bytes(8), row.GetInt32(9), (CaptureState)row.GetInt16(10),
                new CaptureMark(Lsn(row, 11), Lsn(row, 12), row.GetInt32(13)), row.Text(14), row.Text(15), row.Text(16)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Notes where the reading begins, and that it streams.</summary>
    public Task BeganAsync(CaptureKey key, long epoch, ulong confirmed, string systemId, CancellationToken ct) => ChangeAsync(
        key, epoch,
        session => session.Of(
            """
            UPDATE source_captures SET state = 2, problem = NULL, confirmed = coalesce(confirmed, $4), system_id = $5, heard_at = $6
            WHERE tenant_id = $1 AND connection_id = $2 AND revision = $3
            """,
            Sql.P(key.Connection.Value), Sql.P(key.Revision), P(confirmed), Sql.P(systemId), Sql.P(DatabaseTime.Now(time))),
        ct);

    /// <summary>
    /// Notes that it does not go on. What waits for a person opens an incident; what is only tried again shows the problem
    /// and makes the source doubtful.
    /// </summary>
    public async Task StoppedAsync(CaptureKey key, long epoch, CaptureState state, string problem, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, key.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, key.Connection, epoch, ct).ConfigureAwait(false);
        var changed = await session.ExecuteAsync(
            session.Of(
                "UPDATE source_captures SET state = CASE WHEN state = 5 THEN 5 ELSE $4 END, problem = $5 WHERE tenant_id = $1 AND connection_id = $2 AND revision = $3",
                Sql.P(key.Connection.Value), Sql.P(key.Revision), Sql.P((short)state), Sql.P(problem)),
            ct).ConfigureAwait(false);
        if (changed == 1 && state is CaptureState.Paused or CaptureState.Lost)
        {
            await session.ExecuteAsync(CaseRows.UpsertIncidents(session, [CaptureIncidents.Of(key.Connection, state, problem, at)]), ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Stores a stretch of the log, whole or not at all.</summary>
    /// <exception cref="LeaseLostException">Another worker reads it now.</exception>
    public async Task TakeInAsync(CaptureKey key, long epoch, CaptureYield yield, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(yield);
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, key.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, key.Connection, epoch, ct).ConfigureAwait(false);
        var held = await DeletionHold.HoldAsync(
            session, key.Connection, [.. yield.Events.Where(e => yield.Deletions.Contains(e.Id))], at, ct).ConfigureAwait(false);
        foreach (var chunk in yield.Events.Where(e => !held.Contains(e.Id)).Chunk(SourceBatch.MostEvents))
        {
            await SourceIntake.TakeInAsync(session, key.Connection, new SourceBatch(null, chunk), at, ct).ConfigureAwait(false);
        }

        if (yield.Refusals.Count > 0)
        {
            await RefuseAsync(session, key.Connection, yield, at, ct).ConfigureAwait(false);
        }

        if (yield.Emptied)
        {
            await session.ExecuteAsync(CaseRows.UpsertIncidents(session, [CaptureIncidents.Emptied(key.Connection, at)]), ct).ConfigureAwait(false);
        }

        var noted = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_captures SET confirmed = coalesce($4, confirmed), doing = $5, done_changes = $6, transactions = transactions + $7,
                  changes = changes + $8, passed_over = passed_over + $9, refused = refused + $10, last_change_at = coalesce($11, last_change_at),
                  heard_at = $12
                WHERE tenant_id = $1 AND connection_id = $2 AND revision = $3
                """,
                Sql.P(key.Connection.Value), Sql.P(key.Revision), P(yield.Mark.Confirmed), P(yield.Mark.Doing), Sql.P(yield.Mark.DoneChanges),
                Sql.P(yield.Transactions), Sql.P(yield.Changes), Sql.P(yield.PassedOver), Sql.P(yield.Refusals.Count),
                Sql.P(DatabaseTime.Of(yield.LastChangeAt)), Sql.P(at)),
            ct).ConfigureAwait(false);
        if (noted == 0)
        {
            throw new LeaseLostException($"The capture of source {key.Connection.Value} was changed; its reading begins anew.");
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>A sign of life: the source is heard although nothing changed, and its log is confirmed up to here.</summary>
    public async Task HeardAsync(CaptureKey key, long epoch, ulong? confirmed, SlotLag? lag, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, key.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, key.Connection, epoch, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                WITH alive AS (UPDATE sources SET received_at = $6 WHERE tenant_id = $1 AND connection_id = $2),
                gone AS (DELETE FROM source_refusals WHERE tenant_id = $1 AND connection_id = $2 AND at < $7)
                UPDATE source_captures SET confirmed = greatest(confirmed, $4), lag_bytes = coalesce($5, lag_bytes),
                  slot_status = coalesce($8, slot_status), heard_at = $6
                WHERE tenant_id = $1 AND connection_id = $2 AND revision = $3
                """,
                Sql.P(key.Connection.Value), Sql.P(key.Revision), P(confirmed), Sql.P(lag?.Bytes), Sql.P(at), Sql.P(at - RefusalsKept), Sql.P(lag?.Status)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(CaseRows.CloseIncidents(session, [CaptureIncidents.KeyOf(key.Connection, CaptureState.Paused)], at), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>A capture whose slot is dropped is gone.</summary>
    public Task RemovedAsync(CaptureKey key, long epoch, CancellationToken ct) => ChangeAsync(
        key, epoch,
        session => session.Of(
            "DELETE FROM source_captures WHERE tenant_id = $1 AND connection_id = $2 AND revision = $3 AND state = 5",
            Sql.P(key.Connection.Value), Sql.P(key.Revision)),
        ct);

    private static Task<int> RefuseAsync(StorageSession session, ConnectionId connection, CaptureYield yield, DateTimeOffset at, CancellationToken ct) =>
        session.ExecuteAsync(
            session.Of(
                """
                WITH counted AS (
                  UPDATE sources SET refused_events = refused_events + $7, error_rate = error_rate * 0.9 + 0.1 * $7::float8 / ($7 + $8)
                  WHERE tenant_id = $1 AND connection_id = $2)
                INSERT INTO source_refusals (tenant_id, connection_id, position, record, errors, at)
                SELECT $1, $2, r.position, r.record::jsonb, r.errors::jsonb, $6 FROM unnest($3::text[], $4::text[], $5::text[]) AS r (position, record, errors)
                """,
                Sql.P(connection.Value), Sql.Column(yield.Refusals, r => r.Position), Sql.Column(yield.Refusals, r => JsonSerializer.Serialize(r.Record)),
                Sql.Column(yield.Refusals, r => JsonSerializer.Serialize(r.Errors)), Sql.P(at), Sql.P((long)yield.Refusals.Count),
                Sql.P((long)yield.Events.Count)),
            ct);

    private async Task ChangeAsync(CaptureKey key, long epoch, Func<StorageSession, NpgsqlBatchCommand> change, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, key.Tenant, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, key.Connection, epoch, ct).ConfigureAwait(false);
        await session.ExecuteAsync(change(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    private static NpgsqlParameter P(ulong? lsn) => new()
    {
        NpgsqlDbType = NpgsqlDbType.PgLsn,
        Value = lsn is { } at ? new NpgsqlLogSequenceNumber(at) : DBNull.Value,
    };

    private static ulong? Lsn(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : (ulong)row.GetFieldValue<NpgsqlLogSequenceNumber>(column);
}
