using System.Data.Common;
using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Transfers;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>A transfer in the list.</summary>
public sealed record TransferView(
    long Id, string Reference, string From, string To, TransferState State, string? Note, string Actor, DateTimeOffset CreatedAt,
    DateTimeOffset? DispatchedAt, DateTimeOffset? ClosedAt, long Planned, long Dispatched, long Received, long Lost);

/// <summary>A SKU of a transfer.</summary>
/// <param name="Variance">Units that arrived less units that left: below zero lost, above zero over.</param>
public sealed record TransferLineView(string Sku, int Planned, int Dispatched, int Received, int Lost, int OnTheWay, int Variance);

/// <summary>A transfer to be planned.</summary>
public sealed record TransferPlan(string Reference, long FromLocationId, long ToLocationId, string? Note, IReadOnlyList<TransferUnits> Lines);

/// <summary>A step that goods took.</summary>
/// <param name="Decide">The rule that tells what comes of it.</param>
/// <param name="OccurredAt">When it happened.</param>
public sealed record TransferChange(Func<Transfer, TransferOutcome> Decide, DateTimeOffset OccurredAt, string? Note);

/// <summary>Transfers. A step decides under the transfer's lock and stores its operations in the same transaction.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class TransferDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT t.transfer_id, t.reference, f.code, d.code, t.state, t.note, t.actor, t.created_at, t.dispatched_at, t.closed_at,
          s.planned, s.dispatched, s.received, s.lost
        FROM transfers t JOIN locations f ON f.tenant_id = t.tenant_id AND f.location_id = t.from_location_id
        JOIN locations d ON d.tenant_id = t.tenant_id AND d.location_id = t.to_location_id
        CROSS JOIN LATERAL (
          SELECT coalesce(sum(planned), 0) AS planned, coalesce(sum(dispatched), 0) AS dispatched, coalesce(sum(received), 0) AS received,
            coalesce(sum(lost), 0) AS lost
          FROM transfer_lines l WHERE l.tenant_id = t.tenant_id AND l.transfer_id = t.transfer_id) s
        WHERE t.tenant_id = $1
        """;

    /// <summary>Plans transfers, each whole; null for one whose reference is taken.</summary>
    public async Task<List<long?>> PlanAsync(long tenant, string actor, IReadOnlyList<TransferPlan> plans, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(plans);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var made = (await session.QueryAsync(
            session.Of(
                """
                INSERT INTO transfers (tenant_id, reference, from_location_id, to_location_id, note, actor, created_at)
                SELECT $1, d.*, $2, $3 FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[]) AS d
                ON CONFLICT (tenant_id, reference) DO NOTHING RETURNING reference, transfer_id
                """,
                Sql.P(actor), Sql.P(DatabaseTime.Now(time)), Sql.Column(plans, p => p.Reference), Sql.Column(plans, p => p.FromLocationId),
                Sql.Column(plans, p => p.ToLocationId), Sql.Column(plans, p => p.Note)),
            row => (row.GetString(0), row.GetInt64(1)),
            ct).ConfigureAwait(false)).ToDictionary(t => t.Item1, t => t.Item2, StringComparer.Ordinal);
        var lines = plans.Where(p => made.ContainsKey(p.Reference))
            .SelectMany(p => p.Lines.Select(l => (Transfer: made[p.Reference], Line: new TransferLine(l.Sku, l.Units, 0, 0, 0)))).ToList();
        await WriteLinesAsync(session, lines, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return [.. plans.Select(p => made.TryGetValue(p.Reference, out var id) ? id : (long?)null)];
    }

    /// <summary>Those of some references that transfers have.</summary>
    public async Task<HashSet<string>> TakenAsync(long tenant, IReadOnlyCollection<string> references, CancellationToken ct) => [.. await source.ListAsync(
        tenant, "SELECT reference FROM transfers WHERE tenant_id = $1 AND reference = ANY ($2)", row => row.GetString(0), [references.ToArray()], ct)
        .ConfigureAwait(false)];

    /// <summary>Takes a step; null where there is no such transfer.</summary>
    public async Task<TransferOutcome?> StepAsync(long tenant, string actor, long id, TransferChange change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await LockAsync(session, id, ct).ConfigureAwait(false) is not { } stored)
        {
            return null;
        }

        var outcome = change.Decide(stored.Transfer);
        if (outcome.After is not { } after)
        {
            return outcome;
        }

        var now = DatabaseTime.Now(time);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE transfers SET state = $3, dispatched_at = CASE WHEN $3 = 2 THEN $4 ELSE dispatched_at END,
                  closed_at = CASE WHEN $3 IN (4, 5) THEN $4 END
                WHERE tenant_id = $1 AND transfer_id = $2
                """,
                Sql.P(id), Sql.P((short)after.State), Sql.P(DatabaseTime.Of(change.OccurredAt))),
            ct).ConfigureAwait(false);
        await WriteLinesAsync(session, [.. after.Lines.Select(line => (id, line))], ct).ConfigureAwait(false);
        var operations = outcome.Bookings.Select(booking => Prepare(stored, booking, change)).ToList();
        await OperationDesk.TakeInAsync(session, actor, operations, now, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return outcome;
    }

    /// <summary>Transfers, newest first.</summary>
    public Task<List<TransferView>> ListAsync(
        long tenant, TransferState? state, long? location, string? reference, long? before, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::smallint IS NULL OR t.state = $2) AND ($3::bigint IS NULL OR t.from_location_id = $3 OR t.to_location_id = $3)
             AND ($4::text IS NULL OR t.reference = $4) AND ($5::bigint IS NULL OR t.transfer_id < $5)
            ORDER BY t.transfer_id DESC LIMIT $6
            """;
        return source.ListAsync(tenant, sql, Read, [(short?)state, location, reference, before, count], ct);
    }

    /// <summary>One transfer, or null.</summary>
    public Task<TransferView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND t.transfer_id = $2", Read, [id], ct);

    /// <summary>A transfer's lines, by SKU.</summary>
    public Task<List<TransferLineView>> LinesAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            """
            SELECT s.code, l.sku_id, l.planned, l.dispatched, l.received, l.lost, t.state
            FROM transfer_lines l JOIN skus s USING (tenant_id, sku_id) JOIN transfers t USING (tenant_id, transfer_id)
            WHERE l.tenant_id = $1 AND l.transfer_id = $2 ORDER BY s.code
            """;
        return source.ListAsync(
            tenant,
            sql,
            row =>
            {
                var line = new TransferLine(new SkuId(row.GetInt64(1)), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5));
                return new TransferLineView(
                    row.GetString(0), line.Planned, line.Dispatched, line.Received, line.Lost, line.OnTheWay,
                    line.Variance((TransferState)row.GetInt16(6)));
            },
            [id],
            ct);
    }

    private static async Task<StoredTransfer?> LockAsync(StorageSession session, long id, CancellationToken ct)
    {
        var head = (await session.QueryAsync(
            session.Of(
                """
                SELECT reference, from_location_id, to_location_id, state, dispatched_at FROM transfers
                WHERE tenant_id = $1 AND transfer_id = $2 FOR NO KEY UPDATE
                """,
                Sql.P(id)),
            row => (Reference: row.GetString(0), From: row.GetInt64(1), To: row.GetInt64(2), State: row.GetInt16(3), Left: row.Nullable<DateTimeOffset>(4)),
            ct).ConfigureAwait(false)).ToList();
        if (head.Count == 0)
        {
            return null;
        }

        // Read after the lock: another step may have changed them while it was waited for.
        var lines = await session.QueryAsync(
            session.Of(
                "SELECT sku_id, planned, dispatched, received, lost FROM transfer_lines WHERE tenant_id = $1 AND transfer_id = $2 ORDER BY sku_id",
                Sql.P(id)),
            row => new TransferLine(new SkuId(row.GetInt64(0)), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4)),
            ct).ConfigureAwait(false);
        var transfer = new Transfer(new LocationId(head[0].From), new LocationId(head[0].To), (TransferState)head[0].State, [.. lines]);
        return new StoredTransfer(id, head[0].Reference, head[0].Left, transfer);
    }

    /// <summary>
    /// The operation of a booking. Its event carries the dispatch of the same units before it: what arrives has left, so
    /// it is booked as gone first, in whichever order the events are applied.
    /// </summary>
    private static PreparedOperation Prepare(StoredTransfer stored, TransferBooking booking, TransferChange change)
    {
        var (from, to) = (stored.Transfer.From, stored.Transfer.To);
        var atOrigin = booking.Kind == OperationKind.TransferDispatch;
        var draft = new OperationDraft(
            KeyOf(stored.Id, booking.Sku, booking.KeyPart), booking.Kind, booking.Sku.Value, (atOrigin ? from : to).Value, booking.Units,
            change.OccurredAt, TimeGiven: true, To: booking.To, Document: stored.Reference, Note: change.Note,
            OtherLocationId: (atOrigin ? to : from).Value);
        List<OperationBody> bodies = [];
        var line = stored.Transfer.Lines.FirstOrDefault(l => l.Sku == booking.Sku);
        if (!atOrigin && line.Dispatched > 0)
        {
            bodies.Add(OperationEvents.BodyOf(
                KeyOf(stored.Id, booking.Sku, "out"), booking.Sku.Value, stored.Left!.Value, OperationLegs.Dispatch(from, to, line.Dispatched)));
        }

        bodies.Add(OperationEvents.BodyOf(draft.Key, draft.SkuId, draft.OccurredAt, booking.Legs));
        return OperationEvents.Of(draft, bodies);
    }

    private static string KeyOf(long transfer, SkuId sku, string part) =>
        string.Create(CultureInfo.InvariantCulture, $"transfer:{transfer}:{sku.Value}:{part}");

    private static Task WriteLinesAsync(StorageSession session, List<(long Transfer, TransferLine Line)> lines, CancellationToken ct) =>
        lines.Count == 0 ? Task.CompletedTask : session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO transfer_lines (tenant_id, transfer_id, sku_id, planned, dispatched, received, lost)
                SELECT $1, d.* FROM unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[], $6::int[], $7::int[]) AS d
                ON CONFLICT (tenant_id, transfer_id, sku_id) DO UPDATE SET
                  dispatched = excluded.dispatched, received = excluded.received, lost = excluded.lost
                """,
                Sql.Column(lines, l => l.Transfer), Sql.Column(lines, l => l.Line.Sku.Value), Sql.Column(lines, l => l.Line.Planned),
                Sql.Column(lines, l => l.Line.Dispatched), Sql.Column(lines, l => l.Line.Received), Sql.Column(lines, l => l.Line.Lost)),
            ct);

    private static TransferView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), (TransferState)row.GetInt16(4), row.Text(5), row.GetString(6),
        row.Time(7), row.TimeOrNull(8), row.TimeOrNull(9), row.GetInt64(10), row.GetInt64(11), row.GetInt64(12), row.GetInt64(13));

    /// <param name="Left">When its goods left; null before.</param>
    private sealed record StoredTransfer(long Id, string Reference, DateTimeOffset? Left, Transfer Transfer);
}
