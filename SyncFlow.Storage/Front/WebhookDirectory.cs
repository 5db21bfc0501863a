using Npgsql;

namespace SyncFlow.Storage.Front;

/// <summary>Whose shop a webhook speaks of.</summary>
public readonly record struct WebhookOwner(long TenantId, long ConnectionId);

/// <summary>Finds the connection of a shop, over all tenants.</summary>
/// <param name="source">Acts as the ingest role, which may read little more than this.</param>
public sealed class WebhookDirectory(NpgsqlDataSource source)
{
    /// <summary>The connection of a shop that is not closed, or null.</summary>
    public async Task<WebhookOwner?> FindShopifyAsync(string shop, CancellationToken ct)
    {
        await using var command = source.CreateCommand(
            "SELECT tenant_id, connection_id FROM connections WHERE lower(shop) = lower($1) AND kind = 'shopify' AND status <> 7");
        command.Parameters.Add(new NpgsqlParameter { Value = shop });
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await reader.ReadAsync(ct).ConfigureAwait(false)
            ? new WebhookOwner(reader.GetInt64(0), reader.GetInt64(1))
            : null;
    }
}
