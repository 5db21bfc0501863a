using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Billing;

/// <summary>A block of use beyond a plan, to be charged under its key.</summary>
/// <param name="Month">In which month it was begun.</param>
/// <param name="Block">Its number in that month, from 1.</param>
/// <param name="UsageLine">The provider's line it is charged to.</param>
/// <param name="Units">Syncs it holds.</param>
/// <param name="Key">The provider takes it once.</param>
public sealed record UsageCharge(DateOnly Month, long Block, string UsageLine, int Units, decimal Price, string Key);

/// <summary>
/// The ledger of use. What a push did is counted once, whoever looks and however often: the row is keyed by the push,
/// and the month's sum is written with it.
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
        const string sql =
            """
            WITH done AS (
              SELECT p.push_id, count(*)::int AS units, min(l.acknowledged_at) AS at
              FROM pushes p JOIN push_levels l USING (tenant_id, push_id)
              WHERE p.tenant_id = $1 AND p.state = 2 AND p.planned_at >= $2 AND l.acknowledged_at IS NOT NULL
                AND NOT EXISTS (SELECT FROM usage_entries u WHERE u.tenant_id = $1 AND u.entry_key = 'push:' || p.push_id)
              GROUP BY p.push_id
            ), fresh AS (
              INSERT INTO usage_entries (tenant_id, entry_key, month, units, at)
              SELECT $1, 'push:' || push_id, date_trunc('month', at AT TIME ZONE 'UTC')::date, units, at FROM done
              ON CONFLICT DO NOTHING RETURNING month, units
            ), sums AS (
              INSERT INTO usage_months AS m (tenant_id, month, used) SELECT $1, month, sum(units) FROM fresh GROUP BY month
              ON CONFLICT (tenant_id, month) DO UPDATE SET used = m.used + excluded.used RETURNING month
            )
            SELECT coalesce(sum(units), 0)::bigint FROM fresh
            """;
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var counted = await session.QueryAsync(
            session.Of(sql, Sql.P(DatabaseTime.Now(time) - LookBack)), row => row.GetInt64(0), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return counted[0];
    }

    /// <summary>Use of a month.</summary>
    public static async Task<MonthlyUsage> ReadAsync(StorageSession session, DateOnly month, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var found = await session.QueryAsync(
            session.Of("SELECT used, full_since FROM usage_months WHERE tenant_id = $1 AND month = $2", Sql.P(month)),
            row => new MonthlyUsage(row.GetInt64(0), row.Nullable<DateTimeOffset>(1)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault() ?? new MonthlyUsage(0, null);
    }

    /// <summary>Syncs of a month so far.</summary>
    public async Task<long> UsedAsync(TenantId tenant, DateOnly month, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return (await ReadAsync(session, month, ct).ConfigureAwait(false)).Used;
    }

    /// <summary>What the ledger itself says of a month: must equal its sum.</summary>
    public async Task<long> RecountAsync(TenantId tenant, DateOnly month, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return (await session.QueryAsync(
            session.Of("SELECT coalesce(sum(units), 0)::bigint FROM usage_entries WHERE tenant_id = $1 AND month = $2", Sql.P(month)),
            row => row.GetInt64(0), ct).ConfigureAwait(false))[0];
    }

    /// <summary>Notes that a month's allowed number is reached, or is not any more because a larger plan was chosen.</summary>
    public static Task NoteFullAsync(StorageSession session, DateOnly month, DateTimeOffset? since, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE usage_months SET full_since = CASE WHEN $3 IS NULL THEN NULL ELSE coalesce(full_since, $3) END
                WHERE tenant_id = $1 AND month = $2
                """,
                Sql.P(month), Sql.P(DatabaseTime.Of(since))),
            ct);
    }

    /// <summary>Notes the greatest percentage the merchant is told of; false where he was told of it before.</summary>
    public static async Task<bool> NoteWarnedAsync(StorageSession session, DateOnly month, int percent, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return await session.ExecuteAsync(
            session.Of("UPDATE usage_months SET warned = $3 WHERE tenant_id = $1 AND month = $2 AND warned < $3", Sql.P(month), Sql.P(percent)),
            ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Plans the charges of blocks that were begun and are not planned yet. Planned again it changes nothing.</summary>
    public async Task PlanChargesAsync(TenantId tenant, IReadOnlyList<UsageCharge> charges, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO usage_charges (tenant_id, month, block, usage_line, units, price, idem_key, planned_at)
                SELECT $1, month, block, usage_line, units, price, idem_key, $8
                FROM unnest($2::date[], $3::bigint[], $4::text[], $5::int[], $6::numeric[], $7::text[]) AS n (month, block, usage_line, units, price, idem_key)
                ON CONFLICT DO NOTHING
                """,
                Sql.Column(charges, c => c.Month), Sql.Column(charges, c => c.Block), Sql.Column(charges, c => c.UsageLine),
                Sql.Column(charges, c => c.Units), Sql.Column(charges, c => c.Price), Sql.Column(charges, c => c.Key), Sql.P(DatabaseTime.Now(time))),
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
                SELECT month, block, usage_line, units, price, idem_key FROM usage_charges
                WHERE tenant_id = $1 AND state = 0 ORDER BY month, block LIMIT 100
                """),
            row => new UsageCharge(
                row.GetFieldValue<DateOnly>(0), row.GetInt64(1), row.GetString(2), row.GetInt32(3), row.GetDecimal(4), row.GetString(5)),
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
                UPDATE usage_charges SET state = CASE WHEN $5::text IS NULL THEN 1 ELSE 2 END, external_id = $4, error = $5, settled_at = $6
                WHERE tenant_id = $1 AND month = $2 AND block = $3 AND state = 0
                """,
                Sql.P(charge.Month), Sql.P(charge.Block), Sql.P(externalId), Sql.P(refused), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
