using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Requests;

/// <summary>A request's own row, as its changes need it.</summary>
internal sealed record ReservationHeader(
    long Id, ReservationKind Kind, RequestLineState State, ReservationConfirmation? Confirmed, DateTimeOffset? ExpiresAt)
{
    public bool IsOpen => State is RequestLineState.Waiting or RequestLineState.Held;

    /// <summary>Whether its time ran out: what is confirmed has none.</summary>
    public bool IsOver(DateTimeOffset now) => Confirmed is null && ExpiresAt <= now;
}

/// <summary>Rows of <c>reservations</c>: found without a lock, locked after their SKUs, changed.</summary>
internal static class ReservationHeaders
{
    /// <summary>The database's clock, which alone decides about expiry. Taken after locks were waited for.</summary>
    public static async Task<DateTimeOffset> NowAsync(StorageSession session, CancellationToken ct) =>
        (await session.QueryAsync(
            session.Of("SELECT clock_timestamp() WHERE $1 > 0"), row => row.Moment(0), ct).ConfigureAwait(false))[0];

    /// <summary>The SKUs of requests; lines never change theirs, so no lock is needed.</summary>
    public static Task<List<SkuId>> SkusAsync(StorageSession session, long[] ids, CancellationToken ct) => session.QueryAsync(
        session.Of(
            "SELECT DISTINCT sku_id FROM reservation_lines WHERE tenant_id = $1 AND reservation_id = ANY ($2)", Sql.P(ids)),
        row => new SkuId(row.GetInt64(0)),
        ct);

    /// <summary>Locks rows in key order.</summary>
    public static Task<List<ReservationHeader>> LockAsync(StorageSession session, long[] ids, CancellationToken ct) =>
        session.QueryAsync(
            session.Of(
                """
                SELECT reservation_id, kind, state, confirmed, expires_at FROM reservations
                WHERE tenant_id = $1 AND reservation_id = ANY ($2) ORDER BY reservation_id FOR NO KEY UPDATE
                """,
                Sql.P(ids)),
            row => new ReservationHeader(
                row.GetInt64(0), (ReservationKind)row.GetInt16(1), (RequestLineState)row.GetInt16(2),
                (ReservationConfirmation?)row.Nullable<short>(3), row.Nullable<DateTimeOffset>(4)),
            ct);

    /// <summary>Stores a new one; null where its reference is taken.</summary>
    public static async Task<long?> InsertAsync(
        StorageSession session, ReservationWish wish, DateTimeOffset now, CancellationToken ct)
    {
        var ids = await session.QueryAsync(
            session.Of(
                """
                INSERT INTO reservations (tenant_id, reference, kind, state, partner, expires_at, created_by, created_at)
                VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
                ON CONFLICT ON CONSTRAINT reservations_reference DO NOTHING RETURNING reservation_id
                """,
                Sql.P(wish.Reference), Sql.P((short)wish.Kind), Sql.P(wish.Partner), Sql.P(DatabaseTime.Of(wish.ExpiresAt)),
                Sql.P(wish.By), Sql.P(now)),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        return ids.Count == 0 ? null : ids[0];
    }

    public static NpgsqlBatchCommand Confirm(
        StorageSession session, long id, ReservationConfirmation confirmation, DateTimeOffset now) => session.Of(
        "UPDATE reservations SET confirmed = $3, confirmed_at = $4 WHERE tenant_id = $1 AND reservation_id = $2",
        Sql.P(id), Sql.P((short)confirmation), Sql.P(now));

    public static NpgsqlBatchCommand Extend(StorageSession session, long id, DateTimeOffset until) => session.Of(
        "UPDATE reservations SET expires_at = $3 WHERE tenant_id = $1 AND reservation_id = $2",
        Sql.P(id), Sql.P(DatabaseTime.Of(until)));

    public static NpgsqlBatchCommand End(StorageSession session, long[] ids, string reason) => session.Of(
        "UPDATE reservations SET end_reason = $3 WHERE tenant_id = $1 AND reservation_id = ANY ($2)",
        Sql.P(ids), Sql.P(reason));
}
