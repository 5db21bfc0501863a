using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Billing;

/// <summary>Whom a tenant's bills go to: its first store that is connected.</summary>
/// <param name="Connection">Through which the provider is asked.</param>
/// <param name="TenantSince">When the tenant was made.</param>
public sealed record BillingShop(TenantId Tenant, ConnectionId Connection, string Shop, DateTimeOffset TenantSince);

/// <summary>Subscriptions as providers told them.</summary>
/// <param name="source">Of the role worker.</param>
/// <param name="time">The clock.</param>
public sealed class SubscriptionStore(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT external_id, plan, status, status_since, trial_ends_at, period_ends_at, test, usage_line, cap
        FROM subscriptions WHERE tenant_id = $1
        """;

    /// <summary>The store that bills go to; null for a tenant without a store that is not closed.</summary>
    public async Task<BillingShop?> ShopAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT c.connection_id, c.shop, t.created_at FROM connections c JOIN tenants t USING (tenant_id)
                WHERE c.tenant_id = $1 AND c.kind = 'shopify' AND c.shop IS NOT NULL AND c.status <> 7
                ORDER BY c.refresh_expires_at IS NULL, c.connection_id LIMIT 1
                """),
            row => new BillingShop(tenant, new ConnectionId(row.GetInt64(0)), row.GetString(1), row.Moment(2)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>All there ever were of a tenant.</summary>
    public async Task<List<Subscription>> ListAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await ListAsync(session, ct).ConfigureAwait(false);
    }

    /// <summary>Whether a merchant ever approved one: there is one trial.</summary>
    public async Task<bool> HadOneAsync(TenantId tenant, CancellationToken ct) =>
        (await ListAsync(tenant, ct).ConfigureAwait(false)).Exists(s => s.Status is SubscriptionStatus.Active or SubscriptionStatus.Frozen or SubscriptionStatus.Cancelled);

    /// <summary>All there ever were.</summary>
    public static Task<List<Subscription>> ListAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(Columns + " ORDER BY status_since"),
            row => new Subscription(
                row.GetString(0), row.GetString(1), (SubscriptionStatus)row.GetInt16(2), row.Moment(3), row.Nullable<DateTimeOffset>(4),
                row.Nullable<DateTimeOffset>(5), row.GetBoolean(6), row.Text(7), row.Nullable<decimal>(8)),
            ct);
    }

    /// <summary>
    /// Stores what the provider told, all of it: a status keeps the moment it was first seen in, and an active or frozen
    /// one that is told of no more has ended.
    /// </summary>
    public async Task PutAsync(BillingShop shop, IReadOnlyList<Subscription> told, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(shop);
        ArgumentNullException.ThrowIfNull(told);
        const string upsert =
            """
            INSERT INTO subscriptions AS s
              (tenant_id, external_id, connection_id, plan, status, status_since, trial_ends_at, period_ends_at, test, usage_line, cap, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (tenant_id, external_id) DO UPDATE SET
              plan = excluded.plan, status = excluded.status, trial_ends_at = excluded.trial_ends_at, period_ends_at = excluded.period_ends_at,
              usage_line = excluded.usage_line, cap = excluded.cap, seen_at = excluded.seen_at,
              status_since = CASE WHEN s.status = excluded.status THEN s.status_since ELSE excluded.seen_at END
            """;
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, shop.Tenant, ct).ConfigureAwait(false);
        foreach (var one in told)
        {
            await session.ExecuteAsync(
                session.Of(
                    upsert, Sql.P(one.ExternalId), Sql.P(shop.Connection.Value), Sql.P(one.Plan), Sql.P((short)one.Status),
                    Sql.P(DatabaseTime.Of(one.StatusSince)), Sql.P(DatabaseTime.Of(one.TrialEndsAt)), Sql.P(DatabaseTime.Of(one.PeriodEndsAt)),
                    Sql.P(one.Test), Sql.P(one.UsageLine), Sql.P(one.Cap), Sql.P(now)),
                ct).ConfigureAwait(false);
        }

        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE subscriptions SET status = 6, status_since = $3, seen_at = $3
                WHERE tenant_id = $1 AND status IN (1, 2, 5) AND external_id <> ALL($2)
                """,
                Sql.Column(told, one => one.ExternalId), Sql.P(now)),
            ct).ConfigureAwait(false);
        if (told.Where(one => one.Status == SubscriptionStatus.Active).MaxBy(one => one.StatusSince)?.PeriodEndsAt is { } end)
        {
            await PeriodStore.NoteEndAsync(session, end, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
