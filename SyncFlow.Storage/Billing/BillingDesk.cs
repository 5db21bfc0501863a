using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Billing;

/// <summary>How a merchant stands, for people.</summary>
/// <param name="Plan">Id of the plan whose limits hold.</param>
/// <param name="Until">When the trial or the grace ends.</param>
/// <param name="Why">What ran out; null while nothing did.</param>
/// <param name="MayGrow">Whether levels may be raised and stores added. Decreases always flow.</param>
public sealed record StandingView(
    BillingStanding Standing, string Plan, DateTimeOffset? Until, string? Why, bool MayGrow, int Stores, int MaxStores, DateTimeOffset Since);

/// <summary>Use of a period of 30 days.</summary>
/// <param name="From">Its first moment; null where nothing was counted yet.</param>
/// <param name="Until">The first moment after it.</param>
/// <param name="Included">Syncs that the price includes; null where nothing is billed.</param>
/// <param name="Allowed">With what the cap pays for.</param>
/// <param name="Charged">Charges made beyond the price, and their sum.</param>
public sealed record UsageView(DateTimeOffset? From, DateTimeOffset? Until, long Used, long Recounted, long? Included, long? Allowed, int WarnedPercent, long Charged, decimal ChargedAmount);

/// <summary>A subscription, for people.</summary>
public sealed record SubscriptionView(
    string Plan, SubscriptionStatus Status, DateTimeOffset StatusSince, DateTimeOffset? TrialEndsAt, DateTimeOffset? PeriodEndsAt, bool Test, decimal? Cap);

/// <summary>What became of a wish to add a store.</summary>
/// <param name="Allowed">Whether it may be added.</param>
/// <param name="Why">Why not, for people.</param>
public sealed record StoreWish(bool Allowed, string? Why);

/// <summary>Billing as people see it, and what it lets them add.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class BillingDesk(NpgsqlDataSource source)
{
    /// <summary>How the tenant stands; null where nothing is billed.</summary>
    public Task<StandingView?> StandingAsync(long tenant, CancellationToken ct) => source.FirstAsync(
        tenant,
        """
        SELECT b.standing, b.plan, b.until, b.why, b.max_stores, b.since,
          (SELECT count(*)::int FROM connections c WHERE c.tenant_id = $1 AND c.status <> 7)
        FROM billing_standing b WHERE b.tenant_id = $1
        """,
        row => new StandingView(
            (BillingStanding)row.GetInt16(0), row.GetString(1), row.TimeOrNull(2), row.Text(3),
            (BillingStanding)row.GetInt16(0) != BillingStanding.Stopped, row.GetInt32(6), row.GetInt32(4), row.Time(5)),
        [], ct);

    /// <summary>Use of the period that holds a moment: its sum, and what a recount of the ledger says.</summary>
    public async Task<UsageView> UsageAsync(long tenant, DateTimeOffset at, CancellationToken ct)
    {
        const string sql =
            """
            SELECT p.period_start, coalesce(p.used, 0),
              (SELECT coalesce(sum(units), 0)::bigint FROM usage_entries e WHERE e.tenant_id = $1 AND e.period_start = p.period_start),
              s.included, s.allowed, coalesce(p.warned, 0), coalesce(c.made, 0), coalesce(c.price, 0)
            FROM (SELECT) one
            LEFT JOIN billing_standing s ON s.tenant_id = $1
            LEFT JOIN LATERAL (
              SELECT * FROM usage_periods u WHERE u.tenant_id = $1 AND u.period_start <= $2 AND u.period_start > $2 - make_interval(secs => $4)
              ORDER BY u.period_start = $3 DESC, u.period_start DESC LIMIT 1) p ON true
            LEFT JOIN LATERAL (
              SELECT count(*) AS made, sum(price) AS price FROM usage_charges u
              WHERE u.tenant_id = $1 AND u.period_start = p.period_start AND u.state = 1) c ON true
            """;
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var asked = BillingPeriod.Of(await PeriodStore.AnchorAsync(session, ct).ConfigureAwait(false), at);
        var found = await session.QueryAsync(
            session.Of(sql, Sql.P(DatabaseTime.Of(at)), Sql.P(asked.Start), Sql.P(BillingPeriod.Length.TotalSeconds)),
            row => new UsageView(
                row.TimeOrNull(0), row.TimeOrNull(0) + BillingPeriod.Length, row.GetInt64(1), row.GetInt64(2), row.LongOrNull(3), row.LongOrNull(4),
                row.GetInt32(5), row.GetInt64(6), row.GetDecimal(7)),
            ct).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>All subscriptions, the newest first.</summary>
    public Task<List<SubscriptionView>> SubscriptionsAsync(long tenant, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT plan, status, status_since, trial_ends_at, period_ends_at, test, cap FROM subscriptions
        WHERE tenant_id = $1 ORDER BY status_since DESC LIMIT 20
        """,
        row => new SubscriptionView(
            row.GetString(0), (SubscriptionStatus)row.GetInt16(1), row.Time(2), row.TimeOrNull(3), row.TimeOrNull(4), row.GetBoolean(5),
            row.IsDBNull(6) ? null : row.GetDecimal(6)),
        [], ct);

    /// <summary>Whether one more store may be connected.</summary>
    public async Task<StoreWish> MayAddStoreAsync(long tenant, CancellationToken ct) =>
        await StandingAsync(tenant, ct).ConfigureAwait(false) switch
        {
            null => new StoreWish(true, null),
            { MayGrow: false } stopped => new StoreWish(false, $"{stopped.Why} No store can be added until that is put right."),
            { Stores: var stores, MaxStores: var most } when stores >= most =>
                new StoreWish(false, $"The plan allows {most} stores, and {stores} are connected. Choose a larger plan, or close a store."),
            _ => new StoreWish(true, null),
        };
}
