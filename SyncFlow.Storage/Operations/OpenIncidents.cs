using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>Whose open incidents are to be looked at again, because their cause may be gone.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class OpenIncidents(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Closes a tenant's incidents about rows that were set aside and wait no more; returns how many.</summary>
    public async Task<int> CloseSetAsideAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var closed = await session.ExecuteAsync(SetAside.CloseDone(session, time.GetUtcNow()), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return closed;
    }

    /// <summary>Tenants that have an incident of one of these kinds open.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(IReadOnlyCollection<string> kinds, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_open_incidents($1)");
        command.Parameters.Add(Sql.P(kinds.ToArray()));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }
}
