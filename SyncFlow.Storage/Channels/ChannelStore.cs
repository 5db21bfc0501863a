using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Channels;

/// <summary>What is needed to speak to a connection.</summary>
/// <param name="Credential">Encrypted; null when none was given.</param>
/// <param name="Deduplicates">Whether its channel is proven to apply a replayed key once.</param>
public sealed record ConnectionDetails(
    TenantId Tenant, ConnectionId Connection, string Kind, string? Shop, ConnectionStatus Status, int Generation,
    byte[]? Credential, bool Deduplicates);

/// <summary>Connections as the worker sees them: all tenants, their state, and what it learns about them.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class ChannelStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Every tenant.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id FROM all_tenants()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>One connection, or null.</summary>
    public async Task<ConnectionDetails?> FindAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT kind, shop, status, generation, credential, deduplicates FROM connections
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(connection.Value)),
            row => new ConnectionDetails(
                tenant, connection, row.GetString(0), row.Text(1), (ConnectionStatus)row.GetInt16(2), row.GetInt32(3),
                row.IsDBNull(4) ? null : row.GetFieldValue<byte[]>(4), row.GetBoolean(5)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>
    /// Moves a connection to a status, where it stands in one of <paramref name="from"/>; returns whether it did.
    /// </summary>
    public async Task<bool> ChangeStatusAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<ConnectionStatus> from, ConnectionStatus to,
        string? error, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return await session.ExecuteAsync(
            session.Of(
                """
                UPDATE connections SET status = $4, updated_at = $6, last_error = coalesce($5, last_error),
                  last_error_at = CASE WHEN $5 IS NULL THEN last_error_at ELSE $6 END
                WHERE tenant_id = $1 AND connection_id = $2 AND status = ANY($3)
                """,
                Sql.P(connection.Value), Sql.Column(from, s => (short)s), Sql.P((short)to), Sql.P(error),
                Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false) > 0;
    }

    /// <summary>Notes a failure for people, or that there is none any more.</summary>
    public Task NoteErrorAsync(TenantId tenant, ConnectionId connection, string? error, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            """
            UPDATE connections SET last_error = $3, last_error_at = CASE WHEN $3 IS NULL THEN NULL ELSE $4 END
            WHERE tenant_id = $1 AND connection_id = $2 AND last_error IS DISTINCT FROM $3
            """,
            Sql.P(connection.Value), Sql.P(error), Sql.P(DatabaseTime.Now(time))),
        ct);

    /// <summary>Stores what the idempotency probe found.</summary>
    public Task SetDeduplicatesAsync(TenantId tenant, ConnectionId connection, bool proven, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            "UPDATE connections SET deduplicates = $3 WHERE tenant_id = $1 AND connection_id = $2",
            Sql.P(connection.Value), Sql.P(proven)),
        ct);

    /// <summary>Takes levels that were read exactly into service; returns how many.</summary>
    public static async Task<int> TakeLevelsLiveAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);

        // Levels are written under their SKU's lock only, whoever writes them.
        await session.ExecuteAsync(
            session.Of(
                """
                SELECT FROM sku_state WHERE tenant_id = $1 AND sku_id IN (
                  SELECT sku_id FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2 AND status = 2)
                ORDER BY sku_id FOR NO KEY UPDATE
                """,
                Sql.P(connection.Value)),
            ct).ConfigureAwait(false);
        return await session.ExecuteAsync(
            session.Of(
                "UPDATE listing_levels SET status = 3 WHERE tenant_id = $1 AND connection_id = $2 AND status = 2",
                Sql.P(connection.Value)),
            ct).ConfigureAwait(false);
    }

    /// <summary>Whether the connection was ever live: levels of it are, or were until writes to them were stopped.</summary>
    public async Task<bool> HasLevelsInServiceAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT EXISTS (SELECT FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2 AND status IN (3, 4, 5, 109))
                """,
                Sql.P(connection.Value)),
            row => row.GetBoolean(0),
            ct).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>Opens an incident, or counts it once more while it is open.</summary>
    public Task OpenIncidentAsync(TenantId tenant, Incident incident, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return RunAsync(
            tenant,
            session => CaseRows.UpsertIncidents(session, [incident]),
            ct);
    }

    /// <summary>Closes an incident whose cause is gone.</summary>
    public Task CloseIncidentAsync(TenantId tenant, string key, CancellationToken ct) => CloseIncidentsAsync(tenant, [key], ct);

    /// <summary>Closes incidents whose cause is gone; keys of none are ignored.</summary>
    public Task CloseIncidentsAsync(TenantId tenant, IReadOnlyList<string> keys, CancellationToken ct) =>
        RunAsync(tenant, session => CaseRows.CloseIncidents(session, keys, DatabaseTime.Now(time)), ct);

    /// <summary>
    /// Measures how long a change took to be acknowledged over the last minutes (99th percentile, 1 to 600 s) and keeps
    /// it as the connection's settle time. Without any acknowledged push it stays as it is.
    /// </summary>
    public Task MeasureSettleAsync(TenantId tenant, ConnectionId connection, TimeSpan window, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            """
            UPDATE connections c SET settle_seconds = greatest(1, least(600, m.p99))
            FROM (
              SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM l.acknowledged_at - l.cause_at)) AS p99
              FROM pushes p JOIN push_levels l USING (tenant_id, push_id, planned_at)
              WHERE p.tenant_id = $1 AND p.connection_id = $2 AND planned_at >= $3
                AND l.acknowledged_at IS NOT NULL AND l.cause_at IS NOT NULL AND l.to_units < l.from_units) m
            WHERE c.tenant_id = $1 AND c.connection_id = $2 AND m.p99 IS NOT NULL
            """,
            Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time) - window)),
        ct);

    private async Task RunAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
