using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Connections;

/// <summary>Access as it is stored.</summary>
/// <param name="Shop">The shop's domain.</param>
/// <param name="Sealed">The credential.</param>
/// <param name="Claimed">Whether somebody renews it now.</param>
/// <param name="Rests">Whether nobody is to try for a while, because the last renewal failed.</param>
public sealed record StoredToken(string Shop, byte[] Sealed, bool Claimed, bool Rests);

/// <summary>
/// Renewing access: one at a time for each connection, over all processes. A claim ends by itself, so that a process
/// that died between the call and the store leaves no shop behind; nothing is locked during the call.
/// </summary>
/// <param name="source">Of the role worker.</param>
/// <param name="time">The clock of claims.</param>
public sealed class TokenStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The credential as it is; null where there is none.</summary>
    public async Task<StoredToken?> ReadAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT shop, credential, coalesce(token_claimed_until > $3, false) AND token_claim IS NOT NULL,
                  coalesce(token_claimed_until > $3, false) AND token_claim IS NULL
                FROM connections
                WHERE tenant_id = $1 AND connection_id = $2 AND shop IS NOT NULL AND credential IS NOT NULL
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time))),
            row => new StoredToken(row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetBoolean(2), row.GetBoolean(3)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Claims the renewal of a credential that was read; false where another renews it or it is another by now.</summary>
    public async Task<bool> ClaimAsync(
        TenantId tenant, ConnectionId connection, byte[] seen, string owner, TimeSpan limit, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        return await RunAsync(
            tenant,
            session => session.Of(
                """
                UPDATE connections SET token_claim = $4, token_claimed_until = $6
                WHERE tenant_id = $1 AND connection_id = $2 AND credential = $3
                  AND (token_claimed_until IS NULL OR token_claimed_until <= $5)
                """,
                Sql.P(connection.Value), Sql.P(seen), Sql.P(owner), Sql.P(now), Sql.P(now + limit)),
            ct).ConfigureAwait(false) == 1;
    }

    /// <summary>
    /// Stores the next pair and ends the claim; false where the claim is gone: it ran out, or access was given anew. The
    /// credential itself may have been sealed anew meanwhile (a rotation of keys), which is no obstacle.
    /// </summary>
    /// <param name="owner">The claim; every claim has a name of its own.</param>
    public async Task<bool> StoreAsync(
        TenantId tenant, ConnectionId connection, string owner, byte[] next, ChannelCredential credential, string scopes,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return await RunAsync(
            tenant,
            session => session.Of(
                """
                UPDATE connections SET credential = $4, token_expires_at = $5, refresh_expires_at = $6, scopes = $7,
                  token_refreshed_at = $8, token_refreshes = token_refreshes + 1, token_claim = NULL, token_claimed_until = NULL
                WHERE tenant_id = $1 AND connection_id = $2 AND token_claim = $3
                """,
                Sql.P(connection.Value), Sql.P(owner), Sql.P(next), Sql.P(DatabaseTime.Of(credential.ExpiresAt)),
                Sql.P(DatabaseTime.Of(credential.RefreshExpiresAt)), Sql.P(scopes), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Ends a claim without a new pair; nobody tries again before a wait is over.</summary>
    public Task GiveBackAsync(TenantId tenant, ConnectionId connection, string owner, TimeSpan wait, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            """
            UPDATE connections SET token_claim = NULL, token_claimed_until = $4
            WHERE tenant_id = $1 AND connection_id = $2 AND token_claim = $3
            """,
            Sql.P(connection.Value), Sql.P(owner), Sql.P(DatabaseTime.Now(time) + wait)),
        ct);

    /// <summary>Stores what the shop says was granted.</summary>
    /// <returns>Whether that changed anything.</returns>
    public async Task<bool> SetScopesAsync(TenantId tenant, ConnectionId connection, string scopes, CancellationToken ct) => await RunAsync(
        tenant,
        session => session.Of(
            "UPDATE connections SET scopes = $3, updated_at = $4 WHERE tenant_id = $1 AND connection_id = $2 AND scopes IS DISTINCT FROM $3",
            Sql.P(connection.Value), Sql.P(scopes), Sql.P(DatabaseTime.Now(time))),
        ct).ConfigureAwait(false) == 1;

    /// <summary>Connections whose refresh token ends before a moment, of all tenants.</summary>
    public async Task<IReadOnlyList<(TenantId Tenant, ConnectionId Connection)>> IdleAsync(
        DateTimeOffset endsBefore, int most, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id FROM idle_tokens($1, $2)");
        command.Parameters.Add(Sql.P(DatabaseTime.Of(endsBefore)));
        command.Parameters.Add(Sql.P(most));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader, row => (new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1))), ct).ConfigureAwait(false);
    }

    private async Task<int> RunAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var changed = await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed;
    }
}
