using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using SyncFlow.Core;
using SyncFlow.Core.Permissions;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Tenancy;

/// <summary>Stores that are treated alike.</summary>
public sealed record StoreGroupView(long Id, string Name, IReadOnlyList<long> ConnectionIds, DateTimeOffset CreatedAt);

/// <summary>What was said about a topic: one of <see cref="SyncTopic"/>'s names in small letters, or <c>*</c> for all.</summary>
public sealed record TopicPermission(string Topic, SyncDirection Direction);

/// <summary>What a store may do.</summary>
/// <param name="Own">What was said about the store itself.</param>
/// <param name="InForce">What counts, its groups included.</param>
public sealed record StorePermissions(IReadOnlyList<TopicPermission> Own, SyncPermissions InForce);

/// <summary>Groups of stores, and what stores may do.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class StoreGroupDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT g.group_id, g.name, g.created_at,
          ARRAY(SELECT m.connection_id FROM store_group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.group_id ORDER BY 1)
        FROM store_groups g WHERE g.tenant_id = $1
        """;

    /// <summary>Groups by id.</summary>
    public Task<List<StoreGroupView>> ListAsync(long tenant, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND ($2::bigint IS NULL OR g.group_id > $2) ORDER BY g.group_id LIMIT $3", Read, [after, count], ct);

    /// <summary>One group, or null.</summary>
    public Task<StoreGroupView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND g.group_id = $2", Read, [id], ct);

    /// <summary>Makes a group; null where the name is taken.</summary>
    public async Task<long?> CreateAsync(long tenant, string name, IReadOnlyCollection<long> connections, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var made = await session.QueryAsync(
            session.Of(
                "INSERT INTO store_groups (tenant_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING group_id",
                Sql.P(name), Sql.P(DatabaseTime.Now(time))),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        if (made is not [var id])
        {
            return null;
        }

        await PutAsync(session, id, connections, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return id;
    }

    /// <summary>Sets which stores belong to a group; false where there is no such group.</summary>
    public async Task<bool> SetStoresAsync(long tenant, long id, IReadOnlyCollection<long> connections, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of("SELECT 1 FROM store_groups WHERE tenant_id = $1 AND group_id = $2 FOR NO KEY UPDATE", Sql.P(id)), row => row.GetInt32(0), ct)
            .ConfigureAwait(false);
        if (found.Count == 0)
        {
            return false;
        }

        await session.ExecuteAsync(
            session.Of(
                "DELETE FROM store_group_members WHERE tenant_id = $1 AND group_id = $2 AND NOT connection_id = ANY ($3)", Sql.P(id), Sql.P(connections.ToArray())),
            ct).ConfigureAwait(false);
        await PutAsync(session, id, connections, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes a group away with what was said about it; its stores stay.</summary>
    public async Task<bool> RemoveAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            """
            WITH gone AS (DELETE FROM store_groups WHERE tenant_id = $1 AND group_id = $2 RETURNING group_id)
            INSERT INTO sync_runs (tenant_id, kind, parameters, created_at) SELECT $1, 'replan', '{}', $3 FROM gone
            """;
        return await source.ExecuteAsync(tenant, sql, [id, DatabaseTime.Now(time)], ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Those of some connections that the tenant has.</summary>
    public Task<List<long>> KnownAsync(long tenant, IReadOnlyCollection<long> connections, CancellationToken ct) => source.ListAsync(
        tenant, "SELECT connection_id FROM connections WHERE tenant_id = $1 AND connection_id = ANY ($2)", row => row.GetInt64(0), [connections.ToArray()], ct);

    /// <summary>What a store may do.</summary>
    public async Task<StorePermissions> PermissionsAsync(long tenant, long connection, CancellationToken ct)
    {
        var own = await OwnAsync(tenant, null, connection, ct).ConfigureAwait(false);
        var inForce = await source.FirstAsync(
            tenant, "SELECT sync_permissions_of($1, $2)", row => row.IsDBNull(0) ? SyncPermissions.All : Of(row.GetFieldValue<short[]>(0)), [connection], ct)
            .ConfigureAwait(false);
        return new StorePermissions(own, inForce!);
    }

    /// <summary>What was said about a group, or about a store.</summary>
    public Task<List<TopicPermission>> OwnAsync(long tenant, long? group, long? connection, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT topic, direction FROM sync_permissions
        WHERE tenant_id = $1 AND group_id IS NOT DISTINCT FROM $2 AND connection_id IS NOT DISTINCT FROM $3 ORDER BY topic
        """,
        row => new TopicPermission(row.GetString(0), (SyncDirection)row.GetInt16(1)),
        [Id(group), Id(connection)],
        ct);

    /// <summary>Says what a group or a store may do, in place of what was said before, and has its targets computed again.</summary>
    public async Task SetAsync(long tenant, long? group, long? connection, IReadOnlyList<TopicPermission> permissions, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(permissions);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        await using var batch = session.Batch(
            session.Of(
                """
                DELETE FROM sync_permissions
                WHERE tenant_id = $1 AND group_id IS NOT DISTINCT FROM $2 AND connection_id IS NOT DISTINCT FROM $3 AND NOT topic = ANY ($4)
                """,
                Id(group), Id(connection), Sql.Column(permissions, p => p.Topic)),
            session.Of(
                """
                INSERT INTO sync_permissions (tenant_id, group_id, connection_id, topic, direction)
                SELECT $1, $2, $3, d.* FROM unnest($4::text[], $5::smallint[]) AS d
                ON CONFLICT (tenant_id, group_id, connection_id, topic) DO UPDATE SET direction = excluded.direction
                """,
                Id(group), Id(connection), Sql.Column(permissions, p => p.Topic), Sql.Column(permissions, p => (short)p.Direction)),
            session.Of(
                "INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES ($1, 'replan', $2, '{}', $3)",
                Id(connection), Sql.P(DatabaseTime.Now(time))));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Reads the three directions of <c>sync_permissions_of</c>.</summary>
    internal static SyncPermissions Of(short[] directions) =>
        new((SyncDirection)directions[0], (SyncDirection)directions[1], (SyncDirection)directions[2]);

    private static Task<int> PutAsync(StorageSession session, long id, IReadOnlyCollection<long> connections, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            "INSERT INTO store_group_members (tenant_id, group_id, connection_id) SELECT $1, $2, c FROM unnest($3::bigint[]) AS c ON CONFLICT DO NOTHING",
            Sql.P(id), Sql.P(connections.ToArray())),
        ct);

    private static NpgsqlParameter Id(long? id) => new() { Value = (object?)id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };

    private static StoreGroupView Read(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetFieldValue<long[]>(3), row.Time(2));
}
