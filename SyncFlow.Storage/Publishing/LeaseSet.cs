using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Publishing;

/// <summary>A lease under an epoch.</summary>
/// <param name="Epoch">Its number; 0 in a beat for one that is held and not to be renewed yet.</param>
public readonly record struct LeaseOf(TenantId Tenant, ConnectionId Connection, long Epoch);

/// <summary>What a worker's beat told.</summary>
/// <param name="Workers">Workers that live, this one included.</param>
/// <param name="Renewed">Leases that have more time now. One that is missing may be lost, or its row was locked at this moment.</param>
/// <param name="Free">Connections to be worked on that nobody holds.</param>
/// <param name="Unwanted">Connections held here that may not be called any more.</param>
public sealed record LeaseBeat(
    IReadOnlyList<string> Workers, IReadOnlySet<(TenantId, ConnectionId)> Renewed, IReadOnlyList<(TenantId Tenant, ConnectionId Connection)> Free,
    IReadOnlyList<(TenantId Tenant, ConnectionId Connection)> Unwanted);

/// <summary>
/// Leases of channels' connections, many at once: as <see cref="LeaseStore"/> says, by one statement for all that a worker
/// holds. It waits for no row: what a plan has locked at this moment is left to <see cref="LeaseStore.RenewAsync"/>.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class LeaseSet(NpgsqlDataSource source)
{
    /// <summary>Connections taken in one transaction.</summary>
    public const int MostTaken = 500;

    private static readonly short[] Callable = [.. Enum.GetValues<ConnectionStatus>().Where(s => s.MayBeCalled()).Select(s => (short)s)];

    /// <summary>Says that a worker lives, renews its leases, and tells what is free.</summary>
    /// <param name="worker">Names one process start; never reused.</param>
    /// <param name="aliveFor">How long the others count on it without another beat.</param>
    /// <param name="leaseFor">How long a renewed lease lasts.</param>
    /// <param name="held">All that it holds.</param>
    public async Task<LeaseBeat> BeatAsync(string worker, TimeSpan aliveFor, TimeSpan leaseFor, IReadOnlyCollection<LeaseOf> held, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(held);
        await using var command = source.CreateCommand("SELECT what, name, tenant_id, connection_id FROM keep_leases($1, $2, $3, $4, $5, $6, $7, $8)");
        command.Parameters.Add(Sql.P(worker));
        command.Parameters.Add(Sql.P(aliveFor));
        command.Parameters.Add(Sql.P(leaseFor));
        command.Parameters.Add(Sql.P(ConnectionKinds.Shopify));
        command.Parameters.Add(new NpgsqlParameter { Value = Callable, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        AddLeases(command, held);
        var (workers, renewed) = (new List<string>(), new HashSet<(TenantId, ConnectionId)>());
        var (free, unwanted) = (new List<(TenantId, ConnectionId)>(), new List<(TenantId, ConnectionId)>());
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            switch (reader.GetInt16(0))
            {
                case 1:
                    workers.Add(reader.GetString(1));
                    break;
                case 2:
                    renewed.Add(Key(reader));
                    break;
                case 3:
                    free.Add(Key(reader));
                    break;
                default:
                    unwanted.Add(Key(reader));
                    break;
            }
        }

        return new LeaseBeat(workers, renewed, free, unwanted);
    }

    /// <summary>Takes those that nobody holds, at most <see cref="MostTaken"/>.</summary>
    /// <returns>Those that were taken, each under its new epoch.</returns>
    public async Task<ImmutableArray<LeaseOf>> TakeAsync(
        string worker, TimeSpan leaseFor, IReadOnlyCollection<(TenantId Tenant, ConnectionId Connection)> free, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(free);
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id, epoch FROM take_leases($1, $2, $3, $4)");
        command.Parameters.Add(Sql.P(worker));
        command.Parameters.Add(Sql.P(leaseFor));
        command.Parameters.Add(Sql.P(free.Take(MostTaken).Select(f => f.Tenant.Value).ToArray()));
        command.Parameters.Add(Sql.P(free.Take(MostTaken).Select(f => f.Connection.Value).ToArray()));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return [.. await StorageSession.ReadAsync(
            reader, row => new LeaseOf(new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetInt64(2)), ct).ConfigureAwait(false)];
    }

    /// <summary>Gives leases back whose work has ended, as a worker does that ends; what was lost before stays as it is.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<LeaseOf> held, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(held);
        await using var command = source.CreateCommand("SELECT release_leases($1, $2, $3)");
        AddLeases(command, held);
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>A worker ends: the others count on it no more.</summary>
    public async Task LeaveAsync(string worker, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT forget_workers($1)");
        command.Parameters.Add(Sql.P(worker));
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static void AddLeases(NpgsqlCommand command, IReadOnlyCollection<LeaseOf> leases)
    {
        command.Parameters.Add(Sql.P(leases.Select(h => h.Tenant.Value).ToArray()));
        command.Parameters.Add(Sql.P(leases.Select(h => h.Connection.Value).ToArray()));
        command.Parameters.Add(Sql.P(leases.Select(h => h.Epoch).ToArray()));
    }

    private static (TenantId Tenant, ConnectionId Connection) Key(NpgsqlDataReader row) => (new TenantId(row.GetInt64(2)), new ConnectionId(row.GetInt64(3)));
}
