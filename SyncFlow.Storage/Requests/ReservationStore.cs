using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Requests;

/// <summary>
/// Decides about reservations under the locks of their SKUs, in one transaction each: what is answered is done. SKUs
/// are locked first and in key order, then the request's own row.
/// </summary>
/// <param name="source">Acts as the api or the worker role.</param>
public sealed class ReservationStore(NpgsqlDataSource source)
{
    /// <summary>Longest time a hold may last from now.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromDays(30);

    /// <summary>Most lines of one reservation.</summary>
    public const int MostLines = 200;

    /// <summary>Reserves all lines or none.</summary>
    public async Task<ReservationAnswer> AskAsync(TenantId tenant, ReservationWish wish, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var skus = wish.Lines.Select(l => l.Sku).Distinct().ToArray();
        var set = await SkuRows.LockAndReadAsync(session, skus, SkuKeys.None, ct).ConfigureAwait(false);
        var now = await ReservationHeaders.NowAsync(session, ct).ConfigureAwait(false);
        if (await ReservationHeaders.InsertAsync(session, wish, now, ct).ConfigureAwait(false) is not { } id)
        {
            return await KnownAsync(session, wish, ct).ConfigureAwait(false);
        }

        if (wish.ExpiresAt is { } until && Check(until, now) is { } wrong)
        {
            return new ReservationAnswer(wrong, null, []);
        }

        var lines = wish.Lines
            .Select((l, i) => (l.Sku, RequestLine.Asking(new RequestId(id), i + 1, wish.Reference, l.Units, l.Location)))
            .ToList();
        var outcome = RequestRules.Ask(set, lines, wish.MayWait, now);
        if (outcome.Answer == RequestAnswer.Refused)
        {
            return new ReservationAnswer(ReservationResult.NotAvailable, null, outcome.Offers);
        }

        await StockStore.SaveAsync(session, set, "reservation", now, ct).ConfigureAwait(false);
        var made = await ReservationReader.FindAsync(session, id, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        var result = outcome.Answer == RequestAnswer.Granted ? ReservationResult.Done : ReservationResult.Waiting;
        return new ReservationAnswer(result, made, outcome.Offers);
    }

    /// <summary>Confirms a hold: it is paid for, or a warehouse has taken its units.</summary>
    public Task<ReservationAnswer> ConfirmAsync(
        TenantId tenant, long id, ReservationConfirmation confirmation, CancellationToken ct) => ChangeAsync(
        tenant,
        id,
        (header, now) => header switch
        {
            { IsOpen: false } => Over(header),
            _ when header.IsOver(now) => ReservationResult.Expired,
            { State: RequestLineState.Waiting } => ReservationResult.StillWaiting,
            { Confirmed: { } before } when before >= confirmation => ReservationResult.Confirmed,
            _ => null,
        },
        (session, set, header, now) =>
        {
            if (confirmation == ReservationConfirmation.Allocated)
            {
                foreach (var (sku, line) in LinesOf(set, header.Id))
                {
                    RequestRules.Allocate(set, sku, line, now);
                }
            }

            return ReservationHeaders.Confirm(session, header.Id, confirmation, now);
        },
        ct);

    /// <summary>Gives the units back. What is confirmed is given back only when the caller says that it is void.</summary>
    /// <param name="voided">The payment was returned, or the warehouse gave the units up.</param>
    public Task<ReservationAnswer> ReleaseAsync(TenantId tenant, long id, string reason, bool voided, CancellationToken ct) =>
        ChangeAsync(
            tenant,
            id,
            (header, now) => header switch
            {
                { IsOpen: false } => Over(header),
                _ when header.IsOver(now) => ReservationResult.Expired,
                { Confirmed: not null } when !voided => ReservationResult.Confirmed,
                _ => null,
            },
            (session, set, header, now) =>
            {
                EndAll(set, header.Id, RequestLineState.Released, now);
                return ReservationHeaders.End(session, [header.Id], reason);
            },
            ct);

    /// <summary>Gives a hold more time.</summary>
    public Task<ReservationAnswer> ExtendAsync(TenantId tenant, long id, DateTimeOffset until, CancellationToken ct) => ChangeAsync(
        tenant,
        id,
        (header, now) => header switch
        {
            { IsOpen: false } => Over(header),
            { ExpiresAt: null } => ReservationResult.NoExpiry,
            { Confirmed: not null } => ReservationResult.Confirmed,
            _ when header.IsOver(now) => ReservationResult.Expired,
            _ => Check(until, now) ?? (until <= header.ExpiresAt ? ReservationResult.ExpiryNotLater : null),
        },
        (session, _, header, _) => ReservationHeaders.Extend(session, header.Id, until),
        ct);

    /// <summary>Tenants that have holds whose time is up; for the worker role.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsWithDueAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_due_reservations()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends holds whose time is up, by the database's clock; what was confirmed meanwhile stays. Where that fails they are ended
    /// one by one, and those for which it fails are set aside (<see cref="SetAside"/>).
    /// </summary>
    /// <param name="limit">At most so many.</param>
    /// <returns>How many ended.</returns>
    public async Task<int> ExpireAsync(TenantId tenant, int limit, CancellationToken ct)
    {
        var due = await DueAsync(tenant, limit, ct).ConfigureAwait(false);
        try
        {
            return due.Length == 0 ? 0 : await EndAsync(tenant, due, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsOfTheHolds(failure))
        {
            return await EndSinglyAsync(tenant, due, ct).ConfigureAwait(false);
        }
    }

    private async Task<long[]> DueAsync(TenantId tenant, int limit, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return
        [
            .. await session.QueryAsync(
                session.Of(
                    """
                    SELECT reservation_id FROM reservations
                    WHERE tenant_id = $1 AND state <= 2 AND confirmed IS NULL AND expires_at <= clock_timestamp()
                      AND (expire_after IS NULL OR expire_after <= clock_timestamp())
                    ORDER BY expires_at LIMIT $2
                    """,
                    Sql.P(limit)),
                row => row.GetInt64(0),
                ct).ConfigureAwait(false),
        ];
    }

    private async Task<int> EndSinglyAsync(TenantId tenant, long[] due, CancellationToken ct)
    {
        var ended = 0;
        foreach (var id in due)
        {
            try
            {
                ended += await EndAsync(tenant, [id], ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (IsOfTheHolds(failure))
            {
                await SetAside.HoldAsync(source, tenant, id, failure, ct).ConfigureAwait(false); // The job boundary of one hold.
            }
        }

        return ended;
    }

    private static bool IsOfTheHolds(Exception failure) => failure is not OperationCanceledException && !DatabaseFaults.MayPass(failure);

    private async Task<int> EndAsync(TenantId tenant, long[] due, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var (set, headers, now) = await LockAsync(session, due, ct).ConfigureAwait(false);
        var ended = headers.Where(h => h.IsOpen && h.IsOver(now)).Select(h => h.Id).ToArray();
        foreach (var id in ended)
        {
            EndAll(set, id, RequestLineState.Expired, now);
        }

        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "reservations expired", now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(ReservationHeaders.End(session, ended, "expired"), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return ended.Length;
    }

    /// <summary>Locks one reservation with its SKUs, changes it unless something speaks against it, and commits.</summary>
    private async Task<ReservationAnswer> ChangeAsync(
        TenantId tenant, long id, Func<ReservationHeader, DateTimeOffset, ReservationResult?> against,
        Func<StorageSession, WorkingSet, ReservationHeader, DateTimeOffset, NpgsqlBatchCommand> change, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var (set, headers, now) = await LockAsync(session, [id], ct).ConfigureAwait(false);
        if (headers.Count == 0)
        {
            return new ReservationAnswer(ReservationResult.NotFound, null, []);
        }

        var result = against(headers[0], now);
        if (result is null)
        {
            var statement = change(session, set, headers[0], now);
            Replanner.Replan(set, now);
            await StockStore.SaveAsync(session, set, "reservation", now, ct).ConfigureAwait(false);
            await session.ExecuteAsync(statement, ct).ConfigureAwait(false);
        }

        var view = await ReservationReader.FindAsync(session, id, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return new ReservationAnswer(result ?? ReservationResult.Done, view, []);
    }

    private static async Task<(WorkingSet Set, List<ReservationHeader> Headers, DateTimeOffset Now)> LockAsync(
        StorageSession session, long[] ids, CancellationToken ct)
    {
        var skus = await ReservationHeaders.SkusAsync(session, ids, ct).ConfigureAwait(false);
        var keys = SkuKeys.None with { Requests = new RequestKeys(ids, [], []) };
        var set = await SkuRows.LockAndReadAsync(session, skus, keys, ct).ConfigureAwait(false);
        var headers = await ReservationHeaders.LockAsync(session, ids, ct).ConfigureAwait(false);
        return (set, headers, await ReservationHeaders.NowAsync(session, ct).ConfigureAwait(false));
    }

    private static async Task<ReservationAnswer> KnownAsync(StorageSession session, ReservationWish wish, CancellationToken ct)
    {
        var known = await ReservationReader.FindAsync(session, wish.Reference, ct).ConfigureAwait(false);
        var same = known is not null
            && await ReservationReader.IsSameAsync(session, known.Id, wish, ct).ConfigureAwait(false);
        return new ReservationAnswer(same ? ReservationResult.Known : ReservationResult.ReferenceTaken, known, []);
    }

    private static void EndAll(WorkingSet set, long id, RequestLineState end, DateTimeOffset now)
    {
        foreach (var (sku, line) in LinesOf(set, id))
        {
            RequestRules.End(set, sku, line, end, now);
        }
    }

    private static List<(SkuId Sku, RequestLine Line)> LinesOf(WorkingSet set, long id) =>
    [
        .. set.Skus.SelectMany(s => s.Requests.Where(r => r.IsOpen && r.Request.Value == id).Select(r => (s.Sku, r))),
    ];

    private static ReservationResult Over(ReservationHeader header) =>
        header.State == RequestLineState.Expired ? ReservationResult.Expired : ReservationResult.Ended;

    private static ReservationResult? Check(DateTimeOffset until, DateTimeOffset now) =>
        until <= now ? ReservationResult.ExpiryPast : until > now + LongestHold ? ReservationResult.ExpiryTooFar : null;
}
