using Npgsql;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Billing;

/// <summary>How a merchant stands, for people.</summary>
/// <param name="Plan">Id of the plan whose limits hold.</param>
/// <param name="Until">When the trial or the grace ends.</param>
/// <param name="Why">What ran out; null while nothing did.</param>
/// <param name="MayGrow">Whether levels may be raised and stores added. Decreases always flow.</param>
public sealed record StandingView(
    BillingStanding Standing, string Plan, DateTimeOffset? Until, string? Why, bool MayGrow, int Stores, int MaxStores, DateTimeOffset Since);

/// <summary>Use of a month.</summary>
/// <param name="Included">Syncs that the price includes; null where nothing is billed.</param>
/// <param name="Allowed">With what the cap pays for.</param>
/// <param name="Charged">Charges made beyond the price, and their sum.</param>
public sealed record UsageView(DateOnly Month, long Used, long Recounted, long? Included, long? Allowed, int WarnedPercent, long Charged, decimal ChargedAmount);

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

    /// <summary>Use of a month: its sum, and what a recount of the ledger says.</summary>
    public Task<UsageView?> UsageAsync(long tenant, DateOnly month, CancellationToken ct) => source.FirstAsync(
        tenant,
        """
        SELECT coalesce((SELECT used FROM usage_months WHERE tenant_id = $1 AND month = $2), 0),
          (SELECT coalesce(sum(units), 0)::bigint FROM usage_entries WHERE tenant_id = $1 AND month = $2),
          (SELECT included FROM billing_standing WHERE tenant_id = $1), (SELECT allowed FROM billing_standing WHERE tenant_id = $1),
          coalesce((SELECT warned FROM usage_months WHERE tenant_id = $1 AND month = $2), 0),
          (SELECT count(*) FROM usage_charges WHERE tenant_id = $1 AND month = $2 AND state = 1),
          (SELECT coalesce(sum(price), 0) FROM usage_charges WHERE tenant_id = $1 AND month = $2 AND state = 1)
        """,
        row => new UsageView(
            month, row.GetInt64(0), row.GetInt64(1), row.LongOrNull(2), row.LongOrNull(3), row.GetInt32(4), row.GetInt64(5), row.GetDecimal(6)),
        [month], ct);

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
