using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>A connection as people see it; its credential is not among them.</summary>
/// <param name="Access">Null for access that does not expire.</param>
/// <param name="BoundedGuard">The lag and the factor of bounded guard; null where guard is proven on it.</param>
/// <param name="Brake">The freeze in force for it, its own or the tenant's (that one names no connection); null where there is none.</param>
public sealed record ConnectionView(
    long Id, string Kind, string Name, string? Shop, ConnectionStatus Status, int Generation, string? Scopes,
    double SettleSeconds, string? LastError, DateTimeOffset? LastErrorAt, DateTimeOffset? LastVerifiedAt,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, BrakeView? Brake, ConnectionCalls Calls, AccessRenewals? Access,
    BoundedGuardView? BoundedGuard);

/// <summary>Access that expires, and how it was renewed.</summary>
/// <param name="EndsAt">When the present token ends; it is renewed before.</param>
/// <param name="Renewals">How often it was; renewals are no entries of the audit log.</param>
public sealed record AccessRenewals(DateTimeOffset? EndsAt, long Renewals, DateTimeOffset? RenewedAt);

/// <summary>Calls made to a channel since it was connected.</summary>
/// <param name="Made">All of them; the last seconds may be missing.</param>
/// <param name="Throttled">Those that the channel refused for want of points.</param>
/// <param name="PointsAvailable">Points that were free when it was last noted; null before the first call.</param>
/// <param name="PointsPerSecond">How fast the channel gives them back.</param>
public sealed record ConnectionCalls(long Made, long Throttled, double? PointsAvailable, double? PointsPerSecond);

/// <summary>A channel's own location and which of ours it is mapped to.</summary>
public sealed record ChannelLocationView(
    long ConnectionId, string ExternalLocationId, string Name, bool Active, bool FulfillsOnline, long? LocationId,
    string? LocationCode, DateTimeOffset UpdatedAt);

/// <summary>What became of a wish to change a connection's status.</summary>
public enum StatusChange
{
    Done,
    NoSuchConnection,

    /// <summary>It is in a status from which this cannot be reached.</summary>
    WrongStatus,
}

/// <summary>Connections, as people and integrators manage them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ConnectionDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT c.connection_id, c.kind, c.name, c.shop, c.status, c.generation, c.scopes, c.settle_seconds, c.last_error,
               c.last_error_at, r.last_verified_at, c.created_at, c.updated_at,
               b.connection_id, b.strength, b.why, b.who, b.since, b.version,
               coalesce(r.calls, 0), coalesce(r.throttled, 0), r.cost_available, r.cost_restore,
               c.refresh_expires_at IS NOT NULL, c.token_expires_at, c.token_refreshes, c.token_refreshed_at, c.settings::text
        FROM connections c LEFT JOIN connection_runtime r USING (tenant_id, connection_id)
        LEFT JOIN LATERAL (
          SELECT * FROM brakes WHERE tenant_id = $1 AND connection_id IN (0, c.connection_id) AND strength > 0
          ORDER BY strength DESC, connection_id DESC LIMIT 1) b ON true
        WHERE c.tenant_id = $1
        """;

    /// <summary>Connections by id.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="kind">Only this kind; null for all.</param>
    /// <param name="status">Only this status; null for all.</param>
    /// <param name="after">Only later ids.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<ConnectionView>> ListAsync(
        long tenant, string? kind, ConnectionStatus? status, long? after, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::text IS NULL OR c.kind = $2) AND ($3::smallint IS NULL OR c.status = $3)
             AND ($4::bigint IS NULL OR c.connection_id > $4) ORDER BY c.connection_id LIMIT $5
            """;
        return source.ListAsync(tenant, sql, Read, [kind, (short?)status, after, count], ct);
    }

    /// <summary>One connection, or null where the tenant has none of that id.</summary>
    public Task<ConnectionView?> FindAsync(long tenant, long connection, CancellationToken ct)
    {
        return source.FirstAsync(tenant, Columns + " AND c.connection_id = $2", Read, [connection], ct);
    }

    /// <summary>Connections of a name, in any case; two at most, so that a caller sees whether it is the only one.</summary>
    public Task<List<ConnectionView>> FindAsync(long tenant, string name, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND lower(c.name) = lower($2) ORDER BY c.connection_id LIMIT 2", Read, [name], ct);

    /// <summary>Stores a new connection.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="kind">The channel's kind.</param>
    /// <param name="name">For people.</param>
    /// <param name="shop">The shop's domain.</param>
    /// <param name="seal">Seals the credential for the connection's id.</param>
    /// <param name="ct">Ends the call; nothing is stored then.</param>
    /// <returns>Its id; null where the shop is connected already, to whomever.</returns>
    public async Task<long?> CreateAsync(
        long tenant, string kind, string name, string shop, Func<long, byte[]> seal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(seal);
        const string insert =
            """
            INSERT INTO connections (tenant_id, kind, name, shop, status, created_at, updated_at)
            VALUES ($1, $2, $3, lower($4), 1, $5, $5) RETURNING connection_id
            """;
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        try
        {
            var statement = session.Of(insert, Sql.P(kind), Sql.P(name), Sql.P(shop), Sql.P(DatabaseTime.Now(time)));
            var ids = await session.QueryAsync(statement, row => row.GetInt64(0), ct).ConfigureAwait(false);
            await ConnectionStore.SetCredentialAsync(session, new ConnectionId(ids[0]), seal(ids[0]), ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
            return ids[0];
        }
        catch (PostgresException taken) when (taken is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "connections_shop" })
        {
            return null;
        }
    }

    /// <summary>
    /// Moves a connection to another status, and asks the worker (run kind <c>replan</c>) to compute the targets of its
    /// SKUs again, in one transaction.
    /// </summary>
    public async Task<StatusChange> ChangeStatusAsync(
        long tenant, long connection, IReadOnlyList<ConnectionStatus> from, ConnectionStatus to, CancellationToken ct)
    {
        const string sql =
            """
            WITH changed AS (
              UPDATE connections SET status = $3, updated_at = $5, last_error = CASE WHEN $3 = 3 THEN NULL ELSE last_error END
              WHERE tenant_id = $1 AND connection_id = $2 AND status = ANY($4) RETURNING connection_id
            )
            INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at)
            SELECT $1, 'replan', connection_id, '{}', $5 FROM changed
            """;
        short[] allowed = [.. from.Select(status => (short)status)];
        if (await source.ExecuteAsync(tenant, sql, [connection, (short)to, allowed, time.GetUtcNow()], ct).ConfigureAwait(false) == 1)
        {
            return StatusChange.Done;
        }

        return await FindAsync(tenant, connection, ct).ConfigureAwait(false) is null
            ? StatusChange.NoSuchConnection
            : StatusChange.WrongStatus;
    }

    /// <summary>Stores a sealed credential of a connection that stands in one of <paramref name="statuses"/>.</summary>
    public Task SetCredentialAsync(
        long tenant, long connection, IReadOnlyList<ConnectionStatus> statuses, byte[] credential, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE connections SET credential = $3, updated_at = $5, token_expires_at = NULL, refresh_expires_at = NULL,
              token_claim = NULL, token_claimed_until = NULL
            WHERE tenant_id = $1 AND connection_id = $2 AND status = ANY($4)
            """;
        short[] allowed = [.. statuses.Select(status => (short)status)];
        return source.ExecuteAsync(tenant, sql, [connection, credential, allowed, time.GetUtcNow()], ct);
    }

    /// <summary>A channel's own locations, or those mapped (or not) over all channels.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connection">Only this connection's; null for all.</param>
    /// <param name="mapped">Only mapped or only unmapped ones; null for all.</param>
    /// <param name="after">Position of the last one before: connection and external id, parted by a space.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<ChannelLocationView>> ChannelLocationsAsync(
        long tenant, long? connection, bool? mapped, (long Connection, string External)? after, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT c.connection_id, c.external_location_id, c.name, c.active, c.fulfills_online, c.location_id, l.code, c.updated_at
            FROM channel_locations c LEFT JOIN locations l USING (tenant_id, location_id)
            WHERE c.tenant_id = $1 AND ($2::bigint IS NULL OR c.connection_id = $2)
              AND ($3::bool IS NULL OR (c.location_id IS NOT NULL) = $3)
              AND ($4::bigint IS NULL OR (c.connection_id, c.external_location_id) > ($4, $5::text))
            ORDER BY c.connection_id, c.external_location_id LIMIT $6
            """;
        return source.ListAsync(tenant, sql, ReadLocation, [connection, mapped, after?.Connection, after?.External, count], ct);
    }

    private static ConnectionView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.Text(3), (ConnectionStatus)row.GetInt16(4), row.GetInt32(5),
        row.Text(6), row.GetDouble(7), row.Text(8), row.TimeOrNull(9), row.TimeOrNull(10), row.Time(11), row.Time(12),
        row.IsDBNull(13) ? null : BrakeDesk.Read(row, 13),
        new ConnectionCalls(
            row.GetInt64(19), row.GetInt64(20), row.IsDBNull(21) ? null : row.GetDouble(21), row.IsDBNull(22) ? null : row.GetDouble(22)),
        row.GetBoolean(23) ? new AccessRenewals(row.TimeOrNull(24), row.GetInt64(25), row.TimeOrNull(26)) : null,
        BoundedGuardView.Of(ConnectionSettings.Parse(row.GetString(27)), row.GetDouble(7)));

    private static ChannelLocationView ReadLocation(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetBoolean(4), row.LongOrNull(5),
        row.Text(6), row.Time(7));
}
