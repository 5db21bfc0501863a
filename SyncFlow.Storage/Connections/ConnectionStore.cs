using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Connections;

/// <summary>A connection as ingest sees it: enough to know whose webhook it is and how to prove it.</summary>
/// <param name="WebhookSecret">Its own secret, sealed; null means the app's.</param>
/// <param name="SecretBefore">The one before, sealed; null where there is none.</param>
/// <param name="BeforeUntil">Until when that one still counts.</param>
public sealed record ShopConnection(
    TenantId Tenant, ConnectionId Connection, string Kind, ConnectionStatus Status, byte[]? WebhookSecret, byte[]? SecretBefore = null,
    DateTimeOffset? BeforeUntil = null);

/// <summary>A connection as schedulers see it.</summary>
public sealed record ConnectionSummary(
    TenantId Tenant, ConnectionId Connection, string Kind, string? Shop, ConnectionStatus Status, int Generation);

/// <summary>What a connection's lease holder keeps between two starts.</summary>
/// <param name="OrdersWatermark">Orders are fetched up to here, by the channel's own time.</param>
public sealed record ConnectionRuntime(
    DateTimeOffset? OrdersWatermark, DateTimeOffset? LastVerifiedAt, long Calls, long Throttled, double? CostAvailable,
    double? CostRestore, long VerifyCycles)
{
    /// <summary>Nothing done yet.</summary>
    public static ConnectionRuntime Empty { get; } = new(null, null, 0, 0, null, null, 0);
}

/// <summary>Look-ups across tenants, and what connections keep while they run.</summary>
public sealed class ConnectionStore(NpgsqlDataSource source)
{
    /// <summary>The live connection of a shop, whoever's it is; null for an unknown shop. Needs the role ingest.</summary>
    public async Task<ShopConnection?> FindShopAsync(string shop, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(shop);
        await using var command = source.CreateCommand(
            """
            SELECT tenant_id, connection_id, kind, status, webhook_secret, webhook_secret_before, webhook_secret_before_until
            FROM connections WHERE lower(shop) = lower($1) AND status <> 7
            """);
        command.Parameters.Add(Sql.P(shop));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = await StorageSession.ReadAsync(
            reader,
            row => new ShopConnection(
                new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2),
                (ConnectionStatus)row.GetInt16(3), row.Bytes(4), row.Bytes(5), row.Nullable<DateTimeOffset>(6)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>All connections that are not closed, of all tenants. Needs the role worker.</summary>
    public async Task<IReadOnlyList<ConnectionSummary>> AllAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id, kind, shop, status, generation FROM all_connections()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader,
            row => new ConnectionSummary(
                new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2), row.Text(3),
                (ConnectionStatus)row.GetInt16(4), row.GetInt32(5)),
            ct).ConfigureAwait(false);
    }

    /// <summary>Sets a connection's status. A reason is kept as its last error.</summary>
    public static Task SetStatusAsync(
        StorageSession session, ConnectionId connection, ConnectionStatus status, string? reason, DateTimeOffset at, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(Status(session, connection, status, reason, at), ct);
    }

    /// <summary>Stores a sealed credential.</summary>
    public static Task SetCredentialAsync(StorageSession session, ConnectionId connection, byte[] sealedCredential, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                "UPDATE connections SET credential = $3 WHERE tenant_id = $1 AND connection_id = $2",
                Sql.P(connection.Value), Sql.P(sealedCredential)),
            ct);
    }

    /// <summary>What the connection keeps while it runs; <see cref="ConnectionRuntime.Empty"/> before its first lease.</summary>
    public static async Task<ConnectionRuntime> ReadRuntimeAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var rows = await session.QueryAsync(
            session.Of(
                """
                SELECT orders_watermark, last_verified_at, calls, throttled, cost_available, cost_restore, verify_cycles
                FROM connection_runtime WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(connection.Value)),
            row => new ConnectionRuntime(
                row.Nullable<DateTimeOffset>(0), row.Nullable<DateTimeOffset>(1), row.GetInt64(2), row.GetInt64(3),
                row.Nullable<double>(4), row.Nullable<double>(5), row.GetInt64(6)),
            ct).ConfigureAwait(false);
        return rows.Count == 1 ? rows[0] : ConnectionRuntime.Empty;
    }

    /// <summary>
    /// Notes a verify cycle: how far orders are fetched (never backwards) and that levels were verified. In the
    /// transaction that stores what was fetched.
    /// </summary>
    public static Task NoteVerifiedAsync(
        StorageSession session, ConnectionId connection, DateTimeOffset? ordersWatermark, DateTimeOffset verifiedAt, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO connection_runtime AS r (tenant_id, connection_id, orders_watermark, last_verified_at, verify_cycles)
                VALUES ($1, $2, $3, $4, 1)
                ON CONFLICT (tenant_id, connection_id) DO UPDATE SET
                  orders_watermark = greatest(r.orders_watermark, excluded.orders_watermark),
                  last_verified_at = excluded.last_verified_at, verify_cycles = r.verify_cycles + 1, updated_at = now()
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Of(ordersWatermark)), Sql.P(DatabaseTime.Of(verifiedAt))),
            ct);
    }

    /// <summary>Adds calls made and throttled since the last time, and the budget as the channel last stated it.</summary>
    public static Task NoteCallsAsync(
        StorageSession session, ConnectionId connection, long calls, long throttled, double? costAvailable, double? costRestore,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO connection_runtime AS r (tenant_id, connection_id, calls, throttled, cost_available, cost_restore)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (tenant_id, connection_id) DO UPDATE SET
                  calls = r.calls + excluded.calls, throttled = r.throttled + excluded.throttled, updated_at = now(),
                  cost_available = coalesce(excluded.cost_available, r.cost_available),
                  cost_restore = coalesce(excluded.cost_restore, r.cost_restore)
                """,
                Sql.P(connection.Value), Sql.P(calls), Sql.P(throttled), Sql.P(costAvailable), Sql.P(costRestore)),
            ct);
    }

    /// <summary>SKUs with a level on a connection: to be planned again when its status changes.</summary>
    public static Task<List<SkuId>> SkusAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                "SELECT DISTINCT sku_id FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2 ORDER BY sku_id",
                Sql.P(connection.Value)),
            row => new SkuId(row.GetInt64(0)),
            ct);
    }

    internal static NpgsqlBatchCommand Status(
        StorageSession session, ConnectionId connection, ConnectionStatus status, string? reason, DateTimeOffset at) => session.Of(
        """
        UPDATE connections SET status = $3, updated_at = $5, last_error = coalesce($4, last_error),
          last_error_at = CASE WHEN $4 IS NULL THEN last_error_at ELSE $5 END
        WHERE tenant_id = $1 AND connection_id = $2
        """,
        Sql.P(connection.Value), Sql.P((short)status), Sql.P(reason), Sql.P(DatabaseTime.Of(at)));
}
