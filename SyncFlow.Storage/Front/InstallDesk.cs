using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Identity;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>A shop's connection, found before the tenant is known.</summary>
/// <param name="HasPair">Whether its access expires, and so came by an install of our app.</param>
public sealed record KnownShop(TenantId Tenant, ConnectionId Connection, ConnectionStatus Status, bool HasPair)
{
    /// <summary>Whether our access is gone: refused, or removed with the app.</summary>
    public bool IsCutOff => Status is ConnectionStatus.Suspended or ConnectionStatus.Uninstalled;
}

/// <summary>What an install did.</summary>
/// <param name="Shop">The connection as it is now.</param>
/// <param name="Tenant">Whether a tenant was made for it.</param>
/// <param name="Run">The run that brings a shop back that was away; null for a new one.</param>
public sealed record Installed(KnownShop Shop, bool Tenant, long? Run);

/// <summary>A freshly granted access, sealed for its connection.</summary>
/// <param name="Credential">The pair.</param>
/// <param name="Scopes">What was granted, parted by commas.</param>
/// <param name="Seal">Seals it for the tenant and connection it turns out to belong to.</param>
/// <param name="UserId">The shop's id of the staff member who opened the app.</param>
public sealed record GrantedAccess(ChannelCredential Credential, string Scopes, Func<TenantId, ConnectionId, byte[]> Seal, string UserId)
{
    /// <summary>The user, for the audit log.</summary>
    internal string Who => $"shopify:{UserId}";
}

/// <summary>Installs of the embedded app, which are known by their shop before there is a tenant.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class InstallDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The connection of a shop that is not closed; null for an unknown shop.</summary>
    public async Task<KnownShop?> FindAsync(string shop, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        return await FindAsync(connection, shop, ct).ConfigureAwait(false);
    }

    /// <summary>Uses a session token up; false where it was used before.</summary>
    /// <param name="hash">SHA-256 of the token's own id.</param>
    /// <param name="endsAt">When the token ends; until then its use is remembered.</param>
    /// <param name="ct">Ends the call.</param>
    public async Task<bool> UseAsync(byte[] hash, DateTimeOffset endsAt, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT use_session_token($1, $2, $3)");
        command.Parameters.Add(Sql.P(hash));
        command.Parameters.Add(Sql.P(DatabaseTime.Of(endsAt)));
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        return (bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>
    /// Stores access that was just granted: a tenant and a connection for a new shop; for one that was away the access
    /// and a run that resumes it. Two installs of one shop at the same moment make one connection. Who made the tenant by
    /// this is its merchant admin; an install into a tenant that is there makes nobody one.
    /// </summary>
    public async Task<Installed> InstallAsync(string shop, GrantedAccess access, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(access);
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
        await RunAsync(connection, "SELECT pg_advisory_xact_lock(hashtextextended('install:' || lower($1), 0))", ct, Sql.P(shop)).ConfigureAwait(false);
        var known = await FindAsync(connection, shop, ct).ConfigureAwait(false);
        var tenant = known?.Tenant ?? new TenantId((long)(await RunAsync(connection, "SELECT create_tenant($1)", ct, Sql.P(shop)).ConfigureAwait(false))!);
        await RunAsync(connection, "SELECT set_config('app.tenant_id', $1::text, true)", ct, Sql.P(tenant.Value)).ConfigureAwait(false);
        var id = known?.Connection ?? await CreateAsync(connection, tenant, shop, ct).ConfigureAwait(false);
        await StoreAsync(connection, tenant, id, access, ct).ConfigureAwait(false);
        if (known is null)
        {
            await FoundAsync(connection, tenant, shop, access, ct).ConfigureAwait(false);
        }

        long? run = known is { IsCutOff: true } ? await ResumeAsync(connection, tenant, id, ct).ConfigureAwait(false) : null;
        await transaction.CommitAsync(ct).ConfigureAwait(false);
        return new Installed(
            new KnownShop(tenant, id, known?.Status ?? ConnectionStatus.Connected, HasPair: true), known is null, run);
    }

    private async Task<ConnectionId> CreateAsync(NpgsqlConnection connection, TenantId tenant, string shop, CancellationToken ct) => new((long)(await RunAsync(
        connection,
        """
        INSERT INTO connections (tenant_id, kind, name, shop, status, created_at, updated_at)
        VALUES ($1, $2, $3, lower($3), 1, $4, $4) RETURNING connection_id
        """,
        ct, Sql.P(tenant.Value), Sql.P(ConnectionKinds.Shopify), Sql.P(shop), Sql.P(DatabaseTime.Now(time))).ConfigureAwait(false))!);

    /// <summary>
    /// The access, free of any renewal under way: what that brings belongs to the installation before. An uninstall told
    /// from before this moment is late (rule R13). A custom app's own secret goes: the installed app signs from now on.
    /// </summary>
    private async Task StoreAsync(NpgsqlConnection connection, TenantId tenant, ConnectionId id, GrantedAccess access, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await RunAsync(
            connection,
            """
            UPDATE connections SET credential = $3, token_expires_at = $4, refresh_expires_at = $5, scopes = $6, updated_at = $7,
              token_refreshed_at = $7, token_claim = NULL, token_claimed_until = NULL,
              webhook_secret = NULL, webhook_secret_before = NULL, webhook_secret_before_until = NULL,
              reinstalled_at = CASE WHEN status IN (5, 6) THEN $7 ELSE reinstalled_at END
            WHERE tenant_id = $1 AND connection_id = $2
            """,
            ct, Sql.P(tenant.Value), Sql.P(id.Value), Sql.P(access.Seal(tenant, id)), Sql.P(DatabaseTime.Of(access.Credential.ExpiresAt)),
            Sql.P(DatabaseTime.Of(access.Credential.RefreshExpiresAt)), Sql.P(access.Scopes), Sql.P(now)).ConfigureAwait(false);
        await RunAsync(
            connection,
            """
            INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
            VALUES ($1, $2, $3, 'install', $4, jsonb_build_object('scopes', $5::text))
            """,
            ct, Sql.P(tenant.Value), Sql.P(now), Sql.P(access.Who), Sql.P($"connection:{id.Value}"), Sql.P(access.Scopes)).ConfigureAwait(false);
    }

    /// <summary>The first person of a new tenant. From here on the transaction is his in the audit log.</summary>
    private async Task FoundAsync(NpgsqlConnection connection, TenantId tenant, string shop, GrantedAccess access, CancellationToken ct)
    {
        await RunAsync(connection, "SELECT set_config('app.actor', $1, true)", ct, Sql.P(access.Who)).ConfigureAwait(false);
        await RunAsync(
            connection, MemberDesk.OfShop, ct, Sql.P(tenant.Value), Sql.P(MemberDesk.ShopUser(shop, access.UserId)), Sql.P(MemberDesk.AdminRole),
            Sql.P(DatabaseTime.Now(time))).ConfigureAwait(false);
    }

    private async Task<long> ResumeAsync(NpgsqlConnection connection, TenantId tenant, ConnectionId id, CancellationToken ct) => (long)(await RunAsync(
        connection,
        "INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES ($1, 'resume', $2, '{}', $3) RETURNING run_id",
        ct, Sql.P(tenant.Value), Sql.P(id.Value), Sql.P(DatabaseTime.Now(time))).ConfigureAwait(false))!;

    private static async Task<KnownShop?> FindAsync(NpgsqlConnection connection, string shop, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT tenant_id, connection_id, status, expires FROM find_shop($1)", connection);
        command.Parameters.Add(Sql.P(shop));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = await StorageSession.ReadAsync(
            reader,
            row => new KnownShop(
                new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), (ConnectionStatus)row.GetInt16(2), row.GetBoolean(3)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    private static async Task<object?> RunAsync(
        NpgsqlConnection connection, string sql, CancellationToken ct, params NpgsqlParameter[] parameters)
    {
#pragma warning disable CA2100 // Every statement is a constant of this class; what callers give is a parameter.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        command.Parameters.AddRange(parameters);
        return await command.ExecuteScalarAsync(ct).ConfigureAwait(false);
    }
}
