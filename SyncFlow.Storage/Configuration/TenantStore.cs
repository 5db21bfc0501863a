using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Configuration;

/// <summary>What must be found before a tenant is known. Needs the role api.</summary>
public sealed class TenantStore(NpgsqlDataSource source)
{
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
