using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Connections;

/// <summary>The secrets of connections whose webhooks are signed by an app of their own.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class WebhookSecretStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>
    /// Takes a new secret; the present one still counts for a while. Null ends the secret of its own at once: the app's
    /// counts again.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connection">Which.</param>
    /// <param name="secret">The new one, sealed for <see cref="Secrets.SecretOwner.Webhook"/>.</param>
    /// <param name="overlap">How long the one before still counts.</param>
    /// <param name="who">For the audit log.</param>
    /// <param name="ct">Ends the call.</param>
    /// <returns>False where there is no such connection.</returns>
    public async Task<bool> ReplaceAsync(
        TenantId tenant, ConnectionId connection, byte[]? secret, TimeSpan overlap, string who, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE connections SET webhook_secret = $3, updated_at = $4,
              webhook_secret_before = CASE WHEN $3 IS NULL OR $5 <= $4 THEN NULL ELSE webhook_secret END,
              webhook_secret_before_until = CASE WHEN $3 IS NULL OR $5 <= $4 OR webhook_secret IS NULL THEN NULL ELSE $5 END
            WHERE tenant_id = $1 AND connection_id = $2
            """;
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var changed = await session.ExecuteAsync(
            session.Of(sql, Sql.P(connection.Value), Sql.P(secret), Sql.P(now), Sql.P(now + overlap)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            AuditEntry.Of(session, now, who, "webhook-secret", $"connection:{connection.Value}", secret is null ? "removed" : "replaced"),
            ct).ConfigureAwait(false);
        if (changed == 1)
        {
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        return changed == 1;
    }
}
