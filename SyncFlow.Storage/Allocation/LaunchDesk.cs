using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>A time in which SKUs are kept in guard.</summary>
/// <param name="Group">The group it is for; null where it is for a SKU.</param>
/// <param name="Sku">The SKU it is for; null where it is for a group.</param>
/// <param name="CancelledAt">When it was called off; null while it stands.</param>
public sealed record LaunchView(
    long Id, string? Group, string? Sku, string Name, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset CreatedAt,
    string CreatedBy, DateTimeOffset? CancelledAt);

/// <summary>Launches: what is expected to sell fast is guarded before it does.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class LaunchDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Longest launch.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(92);

    private const string Columns =
        """
        SELECT l.launch_id, g.code, s.code, l.name, l.from_at, l.until_at, l.created_at, l.created_by, l.cancelled_at
        FROM launches l
        LEFT JOIN sku_groups g ON l.scope = 2 AND g.tenant_id = l.tenant_id AND g.group_id = l.scope_id
        LEFT JOIN skus s ON l.scope = 3 AND s.tenant_id = l.tenant_id AND s.sku_id = l.scope_id
        WHERE l.tenant_id = $1
        """;

    /// <summary>Launches, newest first.</summary>
    /// <param name="open">Only those that are not over or called off, or only those that are; null for all.</param>
    public async Task<List<LaunchView>> ListAsync(TenantId tenant, bool? open, long? before, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                Columns +
                """
                 AND ($2::bool IS NULL OR (l.cancelled_at IS NULL AND l.until_at > $3) = $2)
                 AND ($4::bigint IS NULL OR l.launch_id < $4) ORDER BY l.launch_id DESC LIMIT $5
                """,
                Sql.P(open), Sql.P(DatabaseTime.Now(time)), Sql.P(before), Sql.P(count)),
            Read, ct).ConfigureAwait(false);
    }

    /// <summary>Plans a launch; one that has begun is in force at once.</summary>
    /// <param name="of">The group or SKU.</param>
    public async Task<LaunchView> AddAsync(
        TenantId tenant, PolicyScope scope, long of, string name, Launch launch, string by, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var ids = await session.QueryAsync(
            session.Of(
                """
                INSERT INTO launches (tenant_id, scope, scope_id, name, from_at, until_at, created_at, created_by)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING launch_id
                """,
                Sql.P((short)scope), Sql.P(of), Sql.P(name), Sql.P(DatabaseTime.Of(launch.From)), Sql.P(DatabaseTime.Of(launch.Until)),
                Sql.P(now), Sql.P(by)),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        return await DoneAsync(session, ids[0], scope, of, now, ct).ConfigureAwait(false);
    }

    /// <summary>Calls a launch off; null where there is none. Called off already is no error.</summary>
    public async Task<LaunchView?> CancelAsync(TenantId tenant, long id, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var found = await session.QueryAsync(
            session.Of(
                """
                UPDATE launches SET cancelled_at = coalesce(cancelled_at, $3) WHERE tenant_id = $1 AND launch_id = $2
                RETURNING scope, scope_id
                """,
                Sql.P(id), Sql.P(now)),
            row => (Scope: (PolicyScope)row.GetInt16(0), Of: row.GetInt64(1)),
            ct).ConfigureAwait(false);
        return found.Count == 0 ? null : await DoneAsync(session, id, found[0].Scope, found[0].Of, now, ct).ConfigureAwait(false);
    }

    private static async Task<LaunchView> DoneAsync(
        StorageSession session, long id, PolicyScope scope, long of, DateTimeOffset now, CancellationToken ct)
    {
        await session.ExecuteAsync(PolicyReach.Replan(session, scope, of, now), ct).ConfigureAwait(false);
        var launch = (await session.QueryAsync(session.Of(Columns + " AND l.launch_id = $2", Sql.P(id)), Read, ct).ConfigureAwait(false)).Single();
        await session.CommitAsync(ct).ConfigureAwait(false);
        return launch;
    }

    private static LaunchView Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.Text(1), row.Text(2), row.GetString(3), row.Moment(4), row.Moment(5), row.Moment(6), row.GetString(7),
        row.Nullable<DateTimeOffset>(8));
}
