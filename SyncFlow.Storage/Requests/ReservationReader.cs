using Npgsql;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Requests;

/// <summary>Which reservations are asked for; null asks for all.</summary>
/// <param name="Open">Only those that wait or hold, or only those that ended.</param>
/// <param name="SkuId">Only with a line of this SKU.</param>
/// <param name="Before">Only lower ids.</param>
/// <param name="Count">At most so many.</param>
public sealed record ReservationQuery(
    bool? Open, ReservationStatus? Status, ReservationKind? Kind, string? Partner, string? Reference, long? SkuId,
    long? Before, int Count);

/// <summary>Reads reservations with their lines: two statements, however many there are.</summary>
public static class ReservationReader
{
    private const string Columns =
        """
        SELECT r.reservation_id, r.reference, r.kind, r.state, r.confirmed, r.partner, r.connection_id, r.order_ref,
          r.expires_at, r.created_by, r.created_at, r.granted_at, r.confirmed_at, r.ended_at, r.end_reason
        FROM reservations r WHERE r.tenant_id = $1
        """;

    /// <summary>Reservations, newest first.</summary>
    public static Task<List<ReservationView>> ListAsync(StorageSession session, ReservationQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(query);
        var (state, confirmed) = query.Status is { } status ? Stored(status) : (null, null);
        return ReadAsync(
            session,
            session.Of(
                Columns +
                """
                 AND ($2::bool IS NULL OR (r.state <= 2) = $2) AND ($3::smallint IS NULL OR r.state = $3
                   AND ($3 <> 2 OR coalesce(r.confirmed, 0) = $4))
                 AND ($5::smallint IS NULL OR r.kind = $5) AND ($6::text IS NULL OR r.partner = $6)
                 AND ($7::text IS NULL OR r.reference = $7)
                 AND ($8::bigint IS NULL OR EXISTS (SELECT FROM reservation_lines l
                   WHERE l.tenant_id = r.tenant_id AND l.reservation_id = r.reservation_id
                     AND (l.sku_id = $8 OR l.kit_sku_id = $8)))
                 AND ($9::bigint IS NULL OR r.reservation_id < $9) ORDER BY r.reservation_id DESC LIMIT $10
                """,
                Sql.P(query.Open), Sql.P((short?)state), Sql.P((short)(confirmed ?? 0)), Sql.P((short?)query.Kind),
                Sql.P(query.Partner), Sql.P(query.Reference), Sql.P(query.SkuId), Sql.P(query.Before), Sql.P(query.Count)),
            ct);
    }

    /// <summary>One reservation, or null.</summary>
    public static async Task<ReservationView?> FindAsync(StorageSession session, long id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return (await ReadAsync(session, session.Of(Columns + " AND r.reservation_id = $2", Sql.P(id)), ct)
            .ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>One reservation by its reference, or null.</summary>
    public static async Task<ReservationView?> FindAsync(StorageSession session, string reference, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return (await ReadAsync(session, session.Of(Columns + " AND r.reference = $2", Sql.P(reference)), ct)
            .ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>Whether a wish asks for what a reservation was made for; its expiry may differ.</summary>
    internal static async Task<bool> IsSameAsync(StorageSession session, long id, ReservationWish wish, CancellationToken ct)
    {
        var heads = await session.QueryAsync(
            session.Of("SELECT kind, partner FROM reservations WHERE tenant_id = $1 AND reservation_id = $2", Sql.P(id)),
            row => ((ReservationKind)row.GetInt16(0), row.Text(1)),
            ct).ConfigureAwait(false);
        var lines = await session.QueryAsync(
            session.Of(
                """
                SELECT DISTINCT ON (wish) coalesce(kit_sku_id, sku_id), coalesce(kits, units), location_id FROM reservation_lines
                WHERE tenant_id = $1 AND reservation_id = $2 ORDER BY wish
                """,
                Sql.P(id)),
            row => (row.GetInt64(0), row.GetInt32(1), row.Nullable<long>(2)),
            ct).ConfigureAwait(false);
        return heads.Contains((wish.Kind, wish.Partner))
            && lines.SequenceEqual(wish.Lines.Select(l => (l.Sku.Value, l.Units, l.Location?.Value)));
    }

    private static async Task<List<ReservationView>> ReadAsync(
        StorageSession session, NpgsqlBatchCommand statement, CancellationToken ct)
    {
        var heads = await session.QueryAsync(statement, ReadHead, ct).ConfigureAwait(false);
        if (heads.Count == 0)
        {
            return heads;
        }

        var lines = await ReservationLines.ReadAsync(session, [.. heads.Select(h => h.Id)], ct).ConfigureAwait(false);
        return heads.ConvertAll(h => h with { Lines = [.. lines[h.Id]] });
    }

    private static ReservationView ReadHead(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), (ReservationKind)row.GetInt16(2),
        StatusOf((RequestLineState)row.GetInt16(3), (ReservationConfirmation?)row.Nullable<short>(4)), row.Text(5),
        row.Nullable<long>(6), row.Text(7), row.Nullable<DateTimeOffset>(8), row.GetString(9), row.Moment(10),
        row.Nullable<DateTimeOffset>(11), row.Nullable<DateTimeOffset>(12), row.Nullable<DateTimeOffset>(13), row.Text(14), []);

    private static ReservationStatus StatusOf(RequestLineState state, ReservationConfirmation? confirmed) => (state, confirmed) switch
    {
        (RequestLineState.Held, ReservationConfirmation.Paid) => ReservationStatus.Paid,
        (RequestLineState.Held, ReservationConfirmation.Allocated) => ReservationStatus.Allocated,
        (RequestLineState.Held, _) => ReservationStatus.Held,
        (RequestLineState.Waiting, _) => ReservationStatus.Waiting,
        (RequestLineState.Committed, _) => ReservationStatus.Committed,
        (RequestLineState.Released, _) => ReservationStatus.Released,
        (RequestLineState.Expired, _) => ReservationStatus.Expired,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state that is not known."),
    };

    private static (RequestLineState?, ReservationConfirmation?) Stored(ReservationStatus status) => status switch
    {
        ReservationStatus.Waiting => (RequestLineState.Waiting, null),
        ReservationStatus.Held => (RequestLineState.Held, null),
        ReservationStatus.Paid => (RequestLineState.Held, ReservationConfirmation.Paid),
        ReservationStatus.Allocated => (RequestLineState.Held, ReservationConfirmation.Allocated),
        ReservationStatus.Committed => (RequestLineState.Committed, null),
        ReservationStatus.Released => (RequestLineState.Released, null),
        ReservationStatus.Expired => (RequestLineState.Expired, null),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A status that is not known."),
    };
}
