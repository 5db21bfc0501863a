using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using SyncFlow.Core;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Identity;

/// <summary>The people of a tenant.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class MemberDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The role that can manage people; a tenant that has one keeps at least one.</summary>
    public const string AdminRole = "MerchantAdmin";

    private const string Shown = "member_id, email, name, role, location_ids, status, shop_user, created_by, created_at, version";

    private const string Columns = "SELECT " + Shown + " FROM members WHERE tenant_id = $1";

    /// <summary>People by id.</summary>
    public Task<List<MemberView>> ListAsync(long tenant, MemberStatus? status, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        Columns + " AND ($2::smallint IS NULL OR status = $2) AND ($3::bigint IS NULL OR member_id > $3) ORDER BY member_id LIMIT $4",
        Read,
        [(short?)status, after, count],
        ct);

    /// <summary>One person, or null.</summary>
    public Task<MemberView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND member_id = $2", Read, [id], ct);

    /// <summary>Asks somebody in; null where the address belongs to a person already.</summary>
    public Task<MemberView?> InviteAsync(long tenant, NewMember member, string actor, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(member);
        const string sql =
            """
            INSERT INTO members (tenant_id, email, name, role, location_ids, status, created_by, created_at)
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7) ON CONFLICT (tenant_id, lower(email)) DO NOTHING RETURNING
            """ + " " + Shown;
        return source.FirstAsync(
            tenant, sql, Read, [member.Email, member.Name, member.Role, Ids(member.LocationIds), actor, DatabaseTime.Now(time)], ct);
    }

    /// <summary>Changes a person. Works at once, also for sessions that are open.</summary>
    public async Task<(MemberOutcome Outcome, MemberView? Member)> ChangeAsync(long tenant, long id, MemberChange change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        const string update =
            """
            UPDATE members SET name = coalesce($3::text, name), role = coalesce($4::text, role), status = coalesce($5::smallint, status),
              location_ids = CASE WHEN $6::bool THEN NULL ELSE coalesce($7::bigint[], location_ids) END, version = version + 1
            WHERE tenant_id = $1 AND member_id = $2 RETURNING
            """ + " " + Shown;

        // Admins are locked in one order, so that two who take each other's role away cannot both succeed.
        const string admins =
            "SELECT member_id FROM members WHERE tenant_id = $1 AND role = 'MerchantAdmin' AND status = 2 ORDER BY member_id FOR NO KEY UPDATE";
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var before = await session.QueryAsync(session.Of(admins), row => row.GetInt64(0), ct).ConfigureAwait(false);
        var staysAdmin = change.Role is null or AdminRole && change.Status is null or MemberStatus.Active;
        if (before is [var only] && only == id && !staysAdmin)
        {
            return (MemberOutcome.LastAdmin, null);
        }

        var changed = await session.QueryAsync(
            session.Of(
                update, Sql.P(id), Sql.P(change.Name), Sql.P(change.Role), Sql.P((short?)change.Status), Sql.P(change.AllLocations),
                Ids(change.LocationIds)),
            Read, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed is [var member] ? (MemberOutcome.Done, member) : (MemberOutcome.NotFound, null);
    }

    /// <summary>
    /// The person who comes from a store's own admin, made where he is new: he may look until somebody gives him another
    /// role. Being the first says nothing: a key may run the tenant, or its owner was asked in and has not come yet. Who
    /// installed the app as a new tenant is known before he comes here (<see cref="InstallDesk.InstallAsync"/>).
    /// </summary>
    /// <param name="tenant">The tenant of the store.</param>
    /// <param name="shopUser">Shop and user id, as the store's verified token names them.</param>
    /// <param name="ct">Ends the call.</param>
    public async Task<MemberView> OfShopAsync(long tenant, string shopUser, CancellationToken ct)
    {
        const string find = Columns + " AND shop_user = $2";
        if (await source.FirstAsync(tenant, find, Read, [shopUser], ct).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        // Another process may have made him meanwhile; then he is found as it did.
        const string insert = OfShop + " RETURNING " + Shown;
        return await source.FirstAsync(tenant, insert, Read, [shopUser, "SupportAnalyst", DatabaseTime.Now(time)], ct).ConfigureAwait(false)
            ?? (await source.FirstAsync(tenant, find, Read, [shopUser], ct).ConfigureAwait(false))!;
    }

    /// <summary>How a staff member of a shop is named here.</summary>
    public static string ShopUser(string shop, string userId) => $"{shop}/{userId}";

    /// <summary>A person of a store's own admin: tenant, shop and user id, role, moment. One who is known stays as he is.</summary>
    internal const string OfShop =
        """
        INSERT INTO members (tenant_id, name, role, status, shop_user, created_by, created_at)
        VALUES ($1, $2, $3, 2, $2, 'shopify', $4) ON CONFLICT (tenant_id, shop_user) DO NOTHING
        """;

    internal static NpgsqlParameter Ids(IReadOnlyList<long>? ids) => new()
    {
        Value = (object?)ids?.ToArray() ?? DBNull.Value,
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
    };

    private static MemberView Read(DbDataReader row) => new(
        row.GetInt64(0), row.Text(1), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetFieldValue<long[]>(4),
        (MemberStatus)row.GetInt16(5), row.Text(6), row.GetString(7), row.Time(8), row.GetInt64(9));
}
