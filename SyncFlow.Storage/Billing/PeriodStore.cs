using SyncFlow.Core.Billing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Billing;

/// <summary>A subscription in force in a period.</summary>
/// <param name="Period">The period.</param>
/// <param name="Place">Its number among those of the period, from 1.</param>
/// <param name="Subscription">The provider's id.</param>
/// <param name="Usage">The period's use, and what the subscriptions before this one covered of it.</param>
public sealed record PeriodTerms(BillingPeriod Period, int Place, string Subscription, PeriodUsage Usage);

/// <summary>A tenant's periods: where they begin, and which subscriptions were in force in them. In the caller's transaction.</summary>
internal static class PeriodStore
{
    /// <summary>Where one of the tenant's periods begins.</summary>
    public static async Task<DateTimeOffset> AnchorAsync(StorageSession session, CancellationToken ct) => (await session.QueryAsync(
        session.Of(
            """
            SELECT coalesce((SELECT anchor FROM billing_anchors a WHERE a.tenant_id = t.tenant_id), t.created_at)
            FROM tenants t WHERE t.tenant_id = $1
            """),
        row => row.Moment(0), ct).ConfigureAwait(false))[0];

    /// <summary>Notes when a period ends, as the provider told it.</summary>
    public static async Task NoteEndAsync(StorageSession session, DateTimeOffset told, CancellationToken ct)
    {
        var was = await session.QueryAsync(
            session.Of("SELECT anchor FROM billing_anchors WHERE tenant_id = $1"), row => row.Moment(0), ct).ConfigureAwait(false);
        if (was is [var known] && BillingPeriod.Anchor(known, told) == known)
        {
            return;
        }

        await session.ExecuteAsync(
            session.Of(
                "INSERT INTO billing_anchors (tenant_id, anchor) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET anchor = excluded.anchor",
                Sql.P(DatabaseTime.Of(told))),
            ct).ConfigureAwait(false);
    }

    /// <summary>Use of a period, under the subscription that came into force last in it.</summary>
    public static async Task<PeriodTerms> ReadAsync(StorageSession session, BillingPeriod period, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT coalesce(p.used, 0), p.full_since, coalesce(t.place, 0), coalesce(t.subscription, ''), coalesce(t.covered, 0),
                  (SELECT coalesce(sum(c.price), 0) FROM usage_charges c
                   WHERE c.tenant_id = $1 AND c.period_start = $2 AND c.place < t.place AND c.state <> 2)
                FROM (SELECT) one
                LEFT JOIN usage_periods p ON p.tenant_id = $1 AND p.period_start = $2
                LEFT JOIN LATERAL (
                  SELECT * FROM usage_terms u WHERE u.tenant_id = $1 AND u.period_start = $2 ORDER BY u.place DESC LIMIT 1) t ON true
                """,
                Sql.P(period.Start)),
            row => new PeriodTerms(
                period, row.GetInt32(2), row.GetString(3), new PeriodUsage(row.GetInt64(0), row.Nullable<DateTimeOffset>(1), row.GetInt64(4), row.GetDecimal(5))),
            ct).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>The active subscription is in force in a period; where another one was, it takes that one's place from now on.</summary>
    /// <param name="now">Our clock.</param>
    public static async Task<PeriodTerms> EnterAsync(
        StorageSession session, BillingPeriod period, Subscription active, BillingTerms terms, DateTimeOffset now, CancellationToken ct)
    {
        await session.ExecuteAsync(
            session.Of("INSERT INTO usage_periods (tenant_id, period_start) VALUES ($1, $2) ON CONFLICT DO NOTHING", Sql.P(period.Start)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of("SELECT FROM usage_periods WHERE tenant_id = $1 AND period_start = $2 FOR UPDATE", Sql.P(period.Start)), ct).ConfigureAwait(false);
        var present = await ReadAsync(session, period, ct).ConfigureAwait(false);
        if (present.Subscription == active.ExternalId)
        {
            return present;
        }

        var covered = present.Place == 0 ? 0 : await CoveredAsync(session, present, terms, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "INSERT INTO usage_terms (tenant_id, period_start, place, subscription, plan, covered, since) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                Sql.P(period.Start), Sql.P(present.Place + 1), Sql.P(active.ExternalId), Sql.P(active.Plan), Sql.P(covered), Sql.P(now)),
            ct).ConfigureAwait(false);
        return await ReadAsync(session, period, ct).ConfigureAwait(false);
    }

    /// <summary>Notes that a period's allowed number is reached, or is not any more because a larger plan was chosen.</summary>
    public static Task NoteFullAsync(StorageSession session, BillingPeriod period, DateTimeOffset? since, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            UPDATE usage_periods SET full_since = CASE WHEN $3 IS NULL THEN NULL ELSE coalesce(full_since, $3) END
            WHERE tenant_id = $1 AND period_start = $2
            """,
            Sql.P(period.Start), Sql.P(DatabaseTime.Of(since))),
        ct);

    /// <summary>Notes the greatest percentage the merchant is told of; false where he was told of it before.</summary>
    public static async Task<bool> NoteWarnedAsync(StorageSession session, BillingPeriod period, int percent, CancellationToken ct) =>
        await session.ExecuteAsync(
            session.Of(
                "UPDATE usage_periods SET warned = $3 WHERE tenant_id = $1 AND period_start = $2 AND warned < $3", Sql.P(period.Start), Sql.P(percent)),
            ct).ConfigureAwait(false) == 1;

    /// <summary>Up to where the subscription that ends covered the period's use.</summary>
    private static async Task<long> CoveredAsync(StorageSession session, PeriodTerms ended, BillingTerms terms, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT t.plan, (SELECT count(*) FROM usage_charges c
                  WHERE c.tenant_id = $1 AND c.period_start = $2 AND c.place = $3 AND c.state <> 2)
                FROM usage_terms t WHERE t.tenant_id = $1 AND t.period_start = $2 AND t.place = $3
                """,
                Sql.P(ended.Period.Start), Sql.P(ended.Place)),
            row => (Plan: row.GetString(0), Charged: row.GetInt64(1)),
            ct).ConfigureAwait(false);
        return terms.PlanOf(found[0].Plan).BaseAfter(ended.Usage, found[0].Charged);
    }
}
