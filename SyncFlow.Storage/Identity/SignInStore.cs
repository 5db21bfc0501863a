using Npgsql;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Identity;

/// <summary>A person whom an address could let in.</summary>
public sealed record Addressee(long TenantId, string Tenant, long MemberId, string Name);

/// <summary>A session to be opened.</summary>
/// <param name="Hash">SHA-256 of its token.</param>
/// <param name="Origin">From where.</param>
public sealed record NewSession(byte[] Hash, string Origin, DateTimeOffset ExpiresAt);

/// <summary>Links that let people in once, and the sessions they open.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SignInStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>People with an address, over all tenants.</summary>
    public async Task<IReadOnlyList<Addressee>> FindAsync(string email, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, tenant, member_id, name FROM find_members_by_email($1)");
        command.Parameters.Add(Sql.P(email));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader, row => new Addressee(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3)), ct).ConfigureAwait(false);
    }

    /// <summary>Stores a link; false where the person got <paramref name="most"/> within <paramref name="within"/> already.</summary>
    public async Task<bool> AddLinkAsync(
        long tenant, long member, byte[] hash, TimeSpan life, int most, TimeSpan within, CancellationToken ct)
    {
        const string sql =
            """
            INSERT INTO sign_in_links (tenant_id, member_id, token_hash, created_at, expires_at)
            SELECT $1, $2, $3, $4, $5
            WHERE (SELECT count(*) FROM sign_in_links WHERE tenant_id = $1 AND member_id = $2 AND created_at > $6) < $7
            """;
        var now = DatabaseTime.Now(time);
        return await source.ExecuteAsync(tenant, sql, [member, hash, now, now + life, now - within, most], ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Uses a link up; null where it is not known, was used or has expired. Two that use it at once: one wins.</summary>
    public async Task<(long TenantId, long MemberId)?> TakeLinkAsync(byte[] hash, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, member_id FROM take_sign_in_link($1, $2)");
        command.Parameters.Add(Sql.P(hash));
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await reader.ReadAsync(ct).ConfigureAwait(false) ? (reader.GetInt64(0), reader.GetInt64(1)) : null;
    }

    /// <summary>Opens a session of a person.</summary>
    public Task OpenAsync(long tenant, long member, NewSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        const string sql =
            """
            INSERT INTO sessions (tenant_id, member_id, token_hash, origin, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
            """;
        return source.ExecuteAsync(tenant, sql, [member, session.Hash, session.Origin, DatabaseTime.Now(time), session.ExpiresAt], ct);
    }

    /// <summary>Opens a session of a super admin inside a tenant, with the entry in its audit log, both or neither.</summary>
    public Task EnterAsync(long tenant, long admin, string adminName, string reason, NewSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        const string sql =
            """
            WITH entered AS (
              INSERT INTO sessions (tenant_id, admin_id, token_hash, reason, origin, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING session_id)
            INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
            SELECT $1, $6, $8, 'platform.enter', 'session:' || session_id, jsonb_build_object('reason', $4::text, 'until', $7::timestamptz, 'from', $5::text)
            FROM entered
            """;
        return source.ExecuteAsync(
            tenant, sql, [admin, session.Hash, reason, session.Origin, DatabaseTime.Now(time), session.ExpiresAt, adminName], ct);
    }

    /// <summary>Closes a session; whoever has its token is nobody from then on.</summary>
    public Task CloseAsync(long tenant, byte[] hash, CancellationToken ct) => source.ExecuteAsync(
        tenant, "UPDATE sessions SET revoked_at = $3 WHERE tenant_id = $1 AND token_hash = $2 AND revoked_at IS NULL", [hash, DatabaseTime.Now(time)], ct);

    /// <summary>Closes all sessions of a person.</summary>
    public Task CloseAllAsync(long tenant, long member, CancellationToken ct) => source.ExecuteAsync(
        tenant, "UPDATE sessions SET revoked_at = $3 WHERE tenant_id = $1 AND member_id = $2 AND revoked_at IS NULL", [member, DatabaseTime.Now(time)], ct);
}
