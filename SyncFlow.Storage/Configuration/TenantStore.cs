using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Configuration;

/// <summary>An API key that was found by its hash.</summary>
public sealed record FoundApiKey(TenantId Tenant, long ApiKeyId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt);

/// <summary>What must be found before a tenant is known. Needs the role api.</summary>
public sealed class TenantStore(NpgsqlDataSource source)
{
    /// <summary>The key with this hash; null when there is none. Whether it has expired is the caller's to judge.</summary>
    public async Task<FoundApiKey?> FindApiKeyAsync(byte[] hash, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(hash);
        await using var command = source.CreateCommand("SELECT tenant_id, api_key_id, name, scopes, expires_at FROM find_api_key($1)");
        command.Parameters.Add(Sql.P(hash));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = await StorageSession.ReadAsync(
            reader,
            row => new FoundApiKey(
                new TenantId(row.GetInt64(0)), row.GetInt64(1), row.GetString(2), row.GetFieldValue<string[]>(3),
                row.Nullable<DateTimeOffset>(4)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Creates a tenant at once, outside any session.</summary>
    public async Task<TenantId> CreateTenantAsync(string name, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        await using var command = source.CreateCommand("SELECT create_tenant($1)");
        command.Parameters.Add(Sql.P(name));
        return new TenantId((long)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!);
    }

    /// <summary>All tenants.</summary>
    public async Task<IReadOnlyList<(TenantId Tenant, string Name)>> AllAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, name FROM all_tenants()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => (new TenantId(row.GetInt64(0)), row.GetString(1)), ct).ConfigureAwait(false);
    }
}
