using System.Collections.Frozen;
using Npgsql;
using SyncFlow.Core;

namespace SyncFlow.Storage.Billing;

/// <summary>
/// The weight of each tenant at the queues that tenants share: its plan's, or 1 where nothing is billed. Read from memory;
/// <see cref="RefreshAsync"/> is one statement for all tenants. What is not known yet weighs 1.
/// </summary>
/// <param name="source">Of any role that serves a queue.</param>
public sealed class TenantWeights(NpgsqlDataSource source)
{
    /// <summary>How often to read them.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(1);

    private volatile FrozenDictionary<TenantId, int> _weights = FrozenDictionary<TenantId, int>.Empty;

    /// <summary>A tenant's weight, at least 1.</summary>
    public int Of(TenantId tenant) => _weights.GetValueOrDefault(tenant, 1);

    /// <summary>Reads the weights anew.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, weight FROM tenant_weights()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var weights = new Dictionary<TenantId, int>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            weights[new TenantId(reader.GetInt64(0))] = reader.GetInt32(1);
        }

        _weights = weights.ToFrozenDictionary();
    }
}
