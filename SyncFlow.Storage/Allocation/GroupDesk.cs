using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>A group of SKUs.</summary>
/// <param name="Skus">How many are in it.</param>
public sealed record GroupView(long Id, string Code, string Name, int Skus, DateTimeOffset CreatedAt);

/// <summary>A SKU that is in a group.</summary>
public sealed record GroupMemberView(string Sku, string Group, string GroupName);

/// <summary>SKUs and groups by their codes, in the form codes are compared in; what is not known is left out.</summary>
/// <param name="Skus">Each with the group that it is in; null for none.</param>
public sealed record GroupCodes(IReadOnlyDictionary<string, (SkuId Sku, long? Group)> Skus, IReadOnlyDictionary<string, long> Groups);

/// <summary>Groups of SKUs: a SKU is in one or none, so that its most specific policy is never in doubt.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class GroupDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Most SKUs moved at a time.</summary>
    public const int MostMoved = 1_000;

    private const string Columns =
        """
        SELECT g.group_id, g.code, g.name, (SELECT count(*) FROM skus s WHERE s.tenant_id = g.tenant_id AND s.group_id = g.group_id)::int,
          g.created_at
        FROM sku_groups g WHERE g.tenant_id = $1
        """;

    /// <summary>Groups by code.</summary>
    /// <param name="after">Only later codes, as compared.</param>
    public async Task<List<GroupView>> ListAsync(TenantId tenant, string? after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(Columns + " AND ($2::text IS NULL OR g.code_key > $2) ORDER BY g.code_key LIMIT $3", Sql.P(after), Sql.P(count)),
            Read, ct).ConfigureAwait(false);
    }

    /// <summary>One group by its code in any case, or null.</summary>
    public async Task<GroupView?> FindAsync(TenantId tenant, string code, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await FindAsync(session, code, ct).ConfigureAwait(false);
    }

    /// <summary>Makes a group; null where the code is taken.</summary>
    public async Task<GroupView?> CreateAsync(TenantId tenant, string code, string name, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var made = await session.QueryAsync(
            session.Of(
                """
                INSERT INTO sku_groups (tenant_id, code, code_key, name, created_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT ON CONSTRAINT sku_groups_code DO NOTHING RETURNING group_id
                """,
                Sql.P(code.Trim()), Sql.P(SkuDesk.KeyOf(code)), Sql.P(name), Sql.P(DatabaseTime.Now(time))),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        var group = made.Count == 0 ? null : await FindAsync(session, code, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return group;
    }

    /// <summary>Gives a group another name; null where there is none of this code.</summary>
    public async Task<GroupView?> RenameAsync(TenantId tenant, string code, string name, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of("UPDATE sku_groups SET name = $3 WHERE tenant_id = $1 AND code_key = $2", Sql.P(SkuDesk.KeyOf(code)), Sql.P(name)), ct)
            .ConfigureAwait(false);
        var group = await FindAsync(session, code, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return group;
    }

    /// <summary>SKUs that are in a group, by code.</summary>
    /// <param name="after">Only later codes, as compared.</param>
    public async Task<List<GroupMemberView>> MembersAsync(TenantId tenant, string? after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT s.code, g.code, g.name FROM skus s JOIN sku_groups g ON g.tenant_id = s.tenant_id AND g.group_id = s.group_id
                WHERE s.tenant_id = $1 AND ($2::text IS NULL OR s.code_key > $2) ORDER BY s.code_key LIMIT $3
                """,
                Sql.P(after), Sql.P(count)),
            row => new GroupMemberView(row.GetString(0), row.GetString(1), row.GetString(2)), ct).ConfigureAwait(false);
    }

    /// <summary>What codes of SKUs and of groups stand for.</summary>
    public async Task<GroupCodes> KnownAsync(TenantId tenant, IEnumerable<string> skus, IEnumerable<string> groups, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var rows = await session.QueryAsync(
            session.Of(
                """
                SELECT true, code_key, sku_id, group_id FROM skus WHERE tenant_id = $1 AND code_key = ANY ($2)
                UNION ALL SELECT false, code_key, group_id, NULL FROM sku_groups WHERE tenant_id = $1 AND code_key = ANY ($3)
                """,
                Sql.P(skus.Select(SkuDesk.KeyOf).Distinct().ToArray()), Sql.P(groups.Select(SkuDesk.KeyOf).Distinct().ToArray())),
            row => (IsSku: row.GetBoolean(0), Key: row.GetString(1), Id: row.GetInt64(2), Group: row.Nullable<long>(3)), ct).ConfigureAwait(false);
        return new GroupCodes(
            rows.Where(r => r.IsSku).ToDictionary(r => r.Key, r => (new SkuId(r.Id), r.Group), StringComparer.Ordinal),
            rows.Where(r => !r.IsSku).ToDictionary(r => r.Key, r => r.Id, StringComparer.Ordinal));
    }

    /// <summary>
    /// What putting SKUs into a group, out of whatever other they were in, and taking SKUs out of it comes to.
    /// </summary>
    /// <param name="put">SKUs to put in, by code.</param>
    /// <param name="take">SKUs to take out; one that is not in it stays as it is.</param>
    /// <returns>The SKUs that would move; or the first code that is unknown.</returns>
    public async Task<(GroupChange Change, string? Unknown)> MovesAsync(
        TenantId tenant, long group, IReadOnlyList<string> put, IReadOnlyList<string> take, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(put);
        ArgumentNullException.ThrowIfNull(take);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var known = (await session.QueryAsync(
            session.Of(
                "SELECT code_key, sku_id, group_id FROM skus WHERE tenant_id = $1 AND code_key = ANY ($2) ORDER BY sku_id",
                Sql.P(put.Concat(take).Select(SkuDesk.KeyOf).Distinct().ToArray())),
            row => (Key: row.GetString(0), Sku: new SkuId(row.GetInt64(1)), Group: row.Nullable<long>(2)),
            ct).ConfigureAwait(false)).ToDictionary(s => s.Key, StringComparer.Ordinal);
        if (put.Concat(take).FirstOrDefault(code => !known.ContainsKey(SkuDesk.KeyOf(code))) is { } unknown)
        {
            return (new GroupChange([]), unknown);
        }

        var into = put.Select(SkuDesk.KeyOf).ToHashSet(StringComparer.Ordinal);
        return (new GroupChange(
        [
            .. known.Values.Where(s => into.Contains(s.Key) ? s.Group != group : s.Group == group)
                .Select(s => new GroupMember(s.Sku, into.Contains(s.Key) ? group : null)),
        ]), null);
    }

    /// <summary>The groups that SKUs are in, in the form of a change that puts them back.</summary>
    internal static async Task<GroupChange> CurrentAsync(StorageSession session, GroupChange change, CancellationToken ct) => new(
    [
        .. await session.QueryAsync(
            session.Of(
                "SELECT sku_id, group_id FROM skus WHERE tenant_id = $1 AND sku_id = ANY ($2) ORDER BY sku_id",
                Sql.Column(change.Members, m => m.Sku.Value)),
            row => new GroupMember(new SkuId(row.GetInt64(0)), row.Nullable<long>(1)),
            ct).ConfigureAwait(false),
    ]);

    /// <summary>Puts SKUs into their groups and asks the worker to plan them.</summary>
    internal static Task<int> WriteAsync(StorageSession session, GroupChange change, DateTimeOffset at, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            WITH moved AS (
              UPDATE skus s SET group_id = d.group_id FROM unnest($2::bigint[], $3::bigint[]) AS d (sku_id, group_id)
              WHERE s.tenant_id = $1 AND s.sku_id = d.sku_id AND s.group_id IS DISTINCT FROM d.group_id
              RETURNING s.sku_id
            )
            INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
            SELECT $1, 'replan', jsonb_build_object('skuId', sku_id), $4 FROM moved
            """,
            Sql.Column(change.Members, m => m.Sku.Value), Sql.Column(change.Members, m => m.Group), Sql.P(at)),
        ct);

    private static async Task<GroupView?> FindAsync(StorageSession session, string code, CancellationToken ct) =>
        (await session.QueryAsync(session.Of(Columns + " AND g.code_key = $2", Sql.P(SkuDesk.KeyOf(code))), Read, ct)
            .ConfigureAwait(false)).SingleOrDefault();

    private static GroupView Read(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.Moment(4));
}
