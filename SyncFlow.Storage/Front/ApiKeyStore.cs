using Npgsql;

namespace SyncFlow.Storage.Front;

/// <summary>Whose key it is.</summary>
/// <param name="Scopes">What it may do; <c>*</c> is everything.</param>
public sealed record ApiKey(long TenantId, long ApiKeyId, string Name, IReadOnlyList<string> Scopes);

/// <summary>API keys. Only their SHA-256 is stored; a key has 128 bits or more, so that it cannot be guessed from it.</summary>
/// <param name="source">Acts as the api role; the lookup is a function of the owner's, since the tenant is not known yet.</param>
/// <param name="time">The clock that tells an expired key.</param>
public sealed class ApiKeyStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The key with a hash, or null where it is unknown or expired.</summary>
    /// <remarks>The index compares hashes, not keys: how long it takes says nothing about the key.</remarks>
    public async Task<ApiKey?> FindAsync(byte[] hash, CancellationToken ct)
    {
        await using var command = source.CreateCommand(
            "SELECT tenant_id, api_key_id, name, scopes FROM find_api_key($1) WHERE expires_at IS NULL OR expires_at > $2");
        command.Parameters.Add(new NpgsqlParameter { Value = hash });
        command.Parameters.Add(new NpgsqlParameter { Value = time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await reader.ReadAsync(ct).ConfigureAwait(false)
            ? new ApiKey(reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2), reader.GetFieldValue<string[]>(3))
            : null;
    }

    /// <summary>Stores a key of the first tenant, and that tenant, unless they are there already.</summary>
    /// <returns>Whether the key is new.</returns>
    public async Task<bool> EnsureBootstrapAsync(byte[] hash, CancellationToken ct)
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
