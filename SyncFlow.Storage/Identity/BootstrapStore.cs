using Npgsql;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Identity;

/// <summary>The first key of an installation.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class BootstrapStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Stores a key of the first tenant, and that tenant, unless they are there already.</summary>
    /// <returns>Whether the key is new.</returns>
    public async Task<bool> EnsureKeyAsync(byte[] hash, CancellationToken ct)
    {
        // One process at a time: two that start together must not make two tenants.
        const string firstTenant =
            """
            WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(7311003)),
                 known AS MATERIALIZED (SELECT min(t.tenant_id) AS tenant_id FROM lock, all_tenants() t)
            SELECT coalesce(known.tenant_id, create_tenant('Default')) FROM lock LEFT JOIN known ON true
            """;
        const string insertKey =
            """
            INSERT INTO api_keys (tenant_id, name, key_hash, scopes, created_at)
            VALUES ($1, 'Bootstrap', $2, ARRAY['*'], $3) ON CONFLICT (key_hash) DO NOTHING
            """;
        await using var command = source.CreateCommand(firstTenant);
        var tenant = (long)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        return await source.ExecuteAsync(tenant, insertKey, [hash, time.GetUtcNow()], ct).ConfigureAwait(false) == 1;
    }
}
