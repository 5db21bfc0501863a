using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Tenancy;

/// <summary>An invitation of a store to join this tenant.</summary>
/// <param name="AcceptedAt">When the store said yes; null while it has not.</param>
/// <param name="ConfirmedAt">When we said yes again, and the store moved.</param>
/// <param name="ConnectionId">The store's connection here, once it moved.</param>
public sealed record StoreInvitation(
    long Id, string Shop, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? AcceptedAt, string? AcceptedBy,
    DateTimeOffset? ConfirmedAt, DateTimeOffset? WithdrawnAt, long? ConnectionId);

/// <summary>What became of a confirmation.</summary>
public enum StoreJoin
{
    Done,
    NotFound,

    /// <summary>The store has not accepted, or the invitation is over.</summary>
    NotAccepted,

    /// <summary>The store has listings or orders in its own account: its history cannot be carried over.</summary>
    HasHistory,
}

/// <summary>Stores that have an account of their own join another tenant; both sides agree, and nobody can do both parts.</summary>
/// <param name="source">Acts as the api role; what crosses tenants are functions of the owner's that check both sides.</param>
/// <param name="time">The clock.</param>
public sealed class StoreJoinDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Shown =
        "invitation_id, shop, created_by, created_at, expires_at, accepted_at, accepted_by, confirmed_at, withdrawn_at, connection_id";

    private const string Columns = "SELECT " + Shown + " FROM store_invitations WHERE tenant_id = $1";

    /// <summary>Invitations by id.</summary>
    public Task<List<StoreInvitation>> ListAsync(long tenant, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND ($2::bigint IS NULL OR invitation_id > $2) ORDER BY invitation_id LIMIT $3", Read, [after, count], ct);

    /// <summary>One invitation, or null.</summary>
    public Task<StoreInvitation?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND invitation_id = $2", Read, [id], ct);

    /// <summary>Invites a shop.</summary>
    /// <param name="hash">SHA-256 of the code that the store's people enter.</param>
    public async Task<StoreInvitation> InviteAsync(long tenant, string shop, byte[] hash, TimeSpan life, string actor, CancellationToken ct)
    {
        const string sql =
            """
            INSERT INTO store_invitations (tenant_id, shop, code_hash, created_by, created_at, expires_at)
            VALUES ($1, lower($2), $3, $4, $5, $6) RETURNING
            """ + " " + Shown;
        var now = DatabaseTime.Now(time);
        return (await source.FirstAsync(tenant, sql, Read, [shop, hash, actor, now, now + life], ct).ConfigureAwait(false))!;
    }

    /// <summary>The store's side accepts, in its own tenant's name.</summary>
    /// <returns>The host's name and the shop; null where the code is not known, is over, or is for a shop that is not the tenant's.</returns>
    public async Task<(string Host, string Shop)?> AcceptAsync(long tenant, byte[] hash, string actor, CancellationToken ct)
    {
        var found = await source.ListAsync(
            tenant, "SELECT host, shop FROM accept_store_invitation($2, $3, $4) WHERE $1 > 0", row => (row.GetString(0), row.GetString(1)),
            [hash, actor, DatabaseTime.Now(time)], ct).ConfigureAwait(false);
        return found is [var accepted] ? accepted : null;
    }

    /// <summary>Withdraws an invitation that was not confirmed; false where there is none.</summary>
    public async Task<bool> WithdrawAsync(long tenant, long id, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        "UPDATE store_invitations SET withdrawn_at = coalesce(withdrawn_at, $3) WHERE tenant_id = $1 AND invitation_id = $2 AND confirmed_at IS NULL",
        [id, DatabaseTime.Now(time)],
        ct).ConfigureAwait(false) == 1;

    /// <summary>The host confirms, and the store moves, in one transaction.</summary>
    /// <param name="reseal">Seals a credential of (tenant, connection) anew for another place.</param>
    public async Task<StoreJoin> ConfirmAsync(
        long tenant, long id, Func<(TenantId, ConnectionId), (TenantId, ConnectionId), byte[], byte[]> reseal, string actor, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(reseal);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var stores = await session.QueryAsync(
            session.Of("SELECT guest_tenant_id, guest_connection_id, credential, connection_id, is_fresh FROM store_to_take($2) WHERE $1 > 0", Sql.P(id)),
            row => (
                From: (new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1))), Sealed: row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2),
                Id: row.GetInt64(3), IsFresh: row.GetBoolean(4)),
            ct).ConfigureAwait(false);
        if (stores is not [var store])
        {
            return await FindAsync(tenant, id, ct).ConfigureAwait(false) is null ? StoreJoin.NotFound : StoreJoin.NotAccepted;
        }

        if (!store.IsFresh || store.Sealed is null)
        {
            return StoreJoin.HasHistory;
        }

        var resealed = reseal(store.From, (new TenantId(tenant), new ConnectionId(store.Id)), store.Sealed);
        await session.ExecuteAsync(
            session.Of("SELECT take_store($2, $3, $4, $5, $6) WHERE $1 > 0", Sql.P(id), Sql.P(store.Id), Sql.P(resealed), Sql.P(actor), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return StoreJoin.Done;
    }

    private static StoreInvitation Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.Time(3), row.Time(4), row.TimeOrNull(5), row.Text(6), row.TimeOrNull(7),
        row.TimeOrNull(8), row.LongOrNull(9));
}
