using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>Whose open incidents are to be looked at again, because their cause may be gone.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class OpenIncidents(NpgsqlDataSource source)
{
    /// <summary>Tenants that have an incident of one of these kinds open.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(IReadOnlyCollection<string> kinds, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_open_incidents($1)");
        command.Parameters.Add(Sql.P(kinds.ToArray()));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }
}
