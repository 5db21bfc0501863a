using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Billing;

/// <summary>A block of use beyond a plan, to be charged under its key.</summary>
/// <param name="Period">In which period it was begun.</param>
/// <param name="Place">Under which of the period's subscriptions.</param>
/// <param name="Block">Its number there, from 1.</param>
/// <param name="UsageLine">The provider's line it is charged to.</param>
/// <param name="Units">Syncs it holds.</param>
/// <param name="Key">The provider takes it once.</param>
public sealed record UsageCharge(BillingPeriod Period, int Place, long Block, string UsageLine, int Units, decimal Price, string Key);

/// <summary>
/// The ledger of use. What a push did is counted once, whoever looks and however often: the row is keyed by the push,
/// and the period's sum is written with it.
/// </summary>
/// <param name="source">Of the role worker.</param>
/// <param name="time">The clock.</param>
public sealed class UsageStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Pushes are settled minutes after they were planned; so far back is looked for ones not counted yet.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(2);

    /// <summary>Counts every settled push that is not counted yet; returns how many syncs that were.</summary>
    public async Task<long> CollectAsync(TenantId tenant, CancellationToken ct)
    {
        const string uncounted =
            """
            SELECT 'push:' || p.push_id, count(*)::int, min(l.acknowledged_at)
            FROM pushes p JOIN push_levels l USING (tenant_id, push_id, planned_at)
            WHERE p.tenant_id = $1 AND p.state = 2 AND planned_at >= $2 AND l.acknowledged_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM usage_entries u WHERE u.tenant_id = $1 AND u.entry_key = 'push:' || p.push_id)
            GROUP BY p.push_id
            """;
        const string count =
            """
            WITH fresh AS (
              INSERT INTO usage_entries (tenant_id, entry_key, period_start, units, at)
              SELECT $1, d.* FROM unnest($2::text[], $3::timestamptz[], $4::int[], $5::timestamptz[]) AS d
              ON CONFLICT DO NOTHING RETURNING period_start, units
            ), sums AS (
              INSERT INTO usage_periods AS m (tenant_id, period_start, used) SELECT $1, period_start, sum(units) FROM fresh GROUP BY period_start
              ON CONFLICT (tenant_id, period_start) DO UPDATE SET used = m.used + excluded.used RETURNING period_start
            )
            SELECT coalesce(sum(units), 0)::bigint FROM fresh
            """;
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var done = await session.QueryAsync(
            session.Of(uncounted, Sql.P(DatabaseTime.Now(time) - LookBack)),
            row => (Key: row.GetString(0), Units: row.GetInt32(1), At: row.Moment(2)), ct).ConfigureAwait(false);
        if (done.Count == 0)
        {
            return 0;
        }

        var anchor = await PeriodStore.AnchorAsync(session, ct).ConfigureAwait(false);
        var counted = await session.QueryAsync(
            session.Of(
                count, Sql.Column(done, d => d.Key), Sql.Column(done, d => BillingPeriod.Of(anchor, d.At).Start), Sql.Column(done, d => d.Units), Sql.Column(done, d => d.At)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return counted[0];
    }

    /// <summary>What the ledger itself says of a period: must equal its sum.</summary>
    public async Task<long> RecountAsync(TenantId tenant, BillingPeriod period, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return (await session.QueryAsync(
            session.Of("SELECT coalesce(sum(units), 0)::bigint FROM usage_entries WHERE tenant_id = $1 AND period_start = $2", Sql.P(period.Start)),
            row => row.GetInt64(0), ct).ConfigureAwait(false))[0];
    }

    /// <summary>
    /// The use that a subscription may be charged for now: of this period, into which it comes here where it is new, and of
    /// the one before while its last pushes are counted, where it was in force at its end.
    /// </summary>
    public async Task<List<PeriodTerms>> ChargeableAsync(TenantId tenant, Subscription active, BillingTerms terms, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(active);
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var anchor = await PeriodStore.AnchorAsync(session, ct).ConfigureAwait(false);
        var present = BillingPeriod.Of(anchor, now);
        var chargeable = new List<PeriodTerms>();
        foreach (var period in BillingPeriod.ToCharge(anchor, now))
        {
            var found = period == present
                ? await PeriodStore.EnterAsync(session, period, active, terms, now, ct).ConfigureAwait(false)
                : await PeriodStore.ReadAsync(session, period, ct).ConfigureAwait(false);
            if (found.Subscription == active.ExternalId)
            {
                chargeable.Add(found);
            }
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return chargeable;
    }

    /// <summary>Plans the charges of blocks that were begun and are not planned yet. Planned again it changes nothing.</summary>
    public async Task PlanChargesAsync(TenantId tenant, IReadOnlyList<UsageCharge> charges, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO usage_charges (tenant_id, period_start, place, block, usage_line, units, price, idem_key, planned_at)
                SELECT $1, n.*, $9
                FROM unnest($2::timestamptz[], $3::int[], $4::bigint[], $5::text[], $6::int[], $7::numeric[], $8::text[]) AS n
                ON CONFLICT DO NOTHING
                """,
                Sql.Column(charges, c => c.Period.Start), Sql.Column(charges, c => c.Place), Sql.Column(charges, c => c.Block),
                Sql.Column(charges, c => c.UsageLine), Sql.Column(charges, c => c.Units), Sql.Column(charges, c => c.Price),
                Sql.Column(charges, c => c.Key), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Charges that were planned and are not settled, oldest first.</summary>
    public async Task<List<UsageCharge>> OpenChargesAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT period_start, place, block, usage_line, units, price, idem_key FROM usage_charges
                WHERE tenant_id = $1 AND state = 0 ORDER BY period_start, place, block LIMIT 100
                """),
            row => new UsageCharge(
                new BillingPeriod(row.Moment(0)), row.GetInt32(1), row.GetInt64(2), row.GetString(3), row.GetInt32(4), row.GetDecimal(5), row.GetString(6)),
            ct).ConfigureAwait(false);
    }

    /// <summary>Settles a charge: made under an id of the provider's, or refused for a reason.</summary>
    public async Task SettleChargeAsync(TenantId tenant, UsageCharge charge, string? externalId, string? refused, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(charge);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE usage_charges SET state = CASE WHEN $4::text IS NULL THEN 1 ELSE 2 END, external_id = $3, error = $4, settled_at = $5
                WHERE tenant_id = $1 AND idem_key = $2 AND state = 0
                """,
                Sql.P(charge.Key), Sql.P(externalId), Sql.P(refused), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
