using System.Data.Common;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>A capture as people see it; the password is never told.</summary>
/// <param name="Problem">What is wrong, in words; null where nothing is.</param>
/// <param name="Confirmed">How far the source's log is stored, as PostgreSQL writes it.</param>
/// <param name="PassedOver">Changes that say nothing about stock.</param>
/// <param name="Refused">Changes that the mapping could not read; see the list of refusals.</param>
/// <param name="LastChangeAt">When the newest stored change was committed, by the source's clock.</param>
/// <param name="LagBytes">Log that the source's server keeps because it is not confirmed.</param>
/// <param name="SlotStatus">What the server says of that log: <c>reserved</c>, <c>extended</c>, <c>unreserved</c> or <c>lost</c>.</param>
/// <param name="HeardAt">When the server was last heard.</param>
public sealed record CaptureView(
    string Host, int Port, string Database, string Username, CaptureTls Tls, string Publication, string Slot, string Table, CaptureState State,
    string? Problem, string? Confirmed, long Transactions, long Changes, long PassedOver, long Refused, DateTimeOffset? LastChangeAt,
    long? LagBytes, string? SlotStatus, DateTimeOffset? HeardAt);

/// <summary>A refused change as people see it.</summary>
public sealed record RefusalView(
    long Id, string Position, IReadOnlyDictionary<string, string?> Record, IReadOnlyDictionary<string, string[]> Errors, DateTimeOffset At);

/// <summary>Captures, as people set them up.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="vault">Seals passwords.</param>
/// <param name="time">The clock.</param>
public sealed class CaptureDesk(NpgsqlDataSource source, CredentialVault vault, TimeProvider time)
{
    /// <summary>The capture of a source, or null.</summary>
    public Task<CaptureView?> FindAsync(long tenant, long connection, CancellationToken ct) => source.FirstAsync(
        tenant,
        """
        SELECT host, port, database_name, username, tls, publication, slot, table_name, state, problem, confirmed::text, transactions, changes,
          passed_over, refused, last_change_at, lag_bytes, slot_status, heard_at
        FROM source_captures WHERE tenant_id = $1 AND connection_id = $2
        """,
        Read, [connection], ct);

    /// <summary>Changes that the mapping could not read, newest first.</summary>
    public Task<List<RefusalView>> RefusalsAsync(long tenant, long connection, long? before, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT refusal_id, position, record::text, errors::text, at FROM source_refusals
        WHERE tenant_id = $1 AND connection_id = $2 AND ($3::bigint IS NULL OR refusal_id < $3) ORDER BY refusal_id DESC LIMIT $4
        """,
        row => new RefusalView(
            row.GetInt64(0), row.GetString(1), JsonSerializer.Deserialize<Dictionary<string, string?>>(row.GetString(2))!,
            JsonSerializer.Deserialize<Dictionary<string, string[]>>(row.GetString(3))!, row.Time(4)),
        [connection, before, count], ct);

    /// <summary>
    /// Says what is to be read. Another database, slot or table is another log: how far the one before was read means
    /// nothing in it.
    /// </summary>
    /// <param name="password">Null keeps the one that is known; for the same host and user only, lest it be sent elsewhere.</param>
    /// <returns>False where there is no such source, it does not capture changes, or a password is needed.</returns>
    public async Task<bool> PutAsync(long tenant, long connection, CaptureSettings settings, string? password, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var (owner, at) = (new TenantId(tenant), DatabaseTime.Now(time));
        var secret = password is null ? null : vault.Seal(owner, new ConnectionId(connection), password);
        await using var session = await StorageSession.OpenAsync(source, owner, ct).ConfigureAwait(false);
        var known = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE connections c SET credential = coalesce($3, credential), updated_at = $4
                FROM sources s WHERE c.tenant_id = $1 AND c.connection_id = $2 AND s.tenant_id = $1 AND s.connection_id = $2 AND s.strategy = $5
                  AND ($3 IS NOT NULL OR EXISTS (SELECT FROM source_captures k WHERE k.tenant_id = $1 AND k.connection_id = $2
                    AND (k.host, k.port, k.username) = ($6, $7, $8)))
                """,
                Sql.P(connection), Sql.P(secret), Sql.P(at), Sql.P((short)SourceStrategy.ChangeCapture), Sql.P(settings.Host),
                Sql.P(settings.Port), Sql.P(settings.Username)),
            ct).ConfigureAwait(false);
        if (known == 0)
        {
            return false;
        }

        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO source_captures AS c (tenant_id, connection_id, host, port, database_name, username, tls, publication, slot, table_name,
                  created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
                ON CONFLICT (tenant_id, connection_id) DO UPDATE SET host = $3, port = $4, database_name = $5, username = $6, tls = $7,
                  publication = $8, slot = $9, table_name = $10, updated_at = $11, revision = c.revision + 1, state = 1, problem = NULL,
                  confirmed = CASE WHEN (c.database_name, c.slot) = ($5, $9) THEN c.confirmed END,
                  doing = CASE WHEN (c.database_name, c.slot) = ($5, $9) THEN c.doing END,
                  system_id = CASE WHEN (c.database_name, c.slot) = ($5, $9) THEN c.system_id END
                """,
                Sql.P(connection), Sql.P(settings.Host), Sql.P(settings.Port), Sql.P(settings.Database), Sql.P(settings.Username),
                Sql.P((short)settings.Tls), Sql.P(settings.Publication), Sql.P(settings.Slot), Sql.P(settings.Table), Sql.P(at)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// Starts a capture again that waits for a person. One that lost its slot begins a new one: what was committed between
    /// stays unknown until a full refresh.
    /// </summary>
    /// <returns>False where none waits.</returns>
    public async Task<bool> RestartAsync(long tenant, long connection, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        """
        UPDATE source_captures SET revision = revision + 1, problem = NULL, state = 1, updated_at = $3,
          confirmed = CASE WHEN state = 4 THEN NULL ELSE confirmed END, doing = CASE WHEN state = 4 THEN NULL ELSE doing END,
          system_id = CASE WHEN state = 4 THEN NULL ELSE system_id END
        WHERE tenant_id = $1 AND connection_id = $2 AND state IN (3, 4)
        """,
        [connection, DatabaseTime.Now(time)], ct).ConfigureAwait(false) == 1;

    /// <summary>Ends a capture.</summary>
    /// <param name="keepSlot">Leaves its slot to the database's owner; else it is dropped first, as soon as the server is reached.</param>
    /// <returns>False where there is none.</returns>
    public async Task<bool> RemoveAsync(long tenant, long connection, bool keepSlot, CancellationToken ct)
    {
        const string drop = "UPDATE source_captures SET state = 5, revision = revision + 1, updated_at = $3 WHERE tenant_id = $1 AND connection_id = $2";
        const string forget = "DELETE FROM source_captures WHERE tenant_id = $1 AND connection_id = $2";
        var changed = keepSlot
            ? await source.ExecuteAsync(tenant, forget, [connection], ct).ConfigureAwait(false)
            : await source.ExecuteAsync(tenant, drop, [connection, DatabaseTime.Now(time)], ct).ConfigureAwait(false);
        return changed == 1;
    }

    private static CaptureView Read(DbDataReader row) => new(
        row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetString(3), (CaptureTls)row.GetInt16(4), row.GetString(5), row.GetString(6),
        row.GetString(7), (CaptureState)row.GetInt16(8), row.Text(9), row.Text(10), row.GetInt64(11), row.GetInt64(12), row.GetInt64(13),
        row.GetInt64(14), row.TimeOrNull(15), row.LongOrNull(16), row.Text(17), row.TimeOrNull(18));
}
