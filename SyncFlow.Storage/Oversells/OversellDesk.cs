using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Oversells;

/// <summary>Oversells as people see them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class OversellDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT o.oversell_id, s.code, o.pool_group, o.state, o.units, o.most_units, o.cause, o.mode, o.opened_at, o.seen_at,
          o.left_units, o.proposed_at, o.decided_at, o.decided_by, o.note, o.resolved_at
        FROM oversells o JOIN skus s USING (tenant_id, sku_id) WHERE o.tenant_id = $1
        """;

    private const string Actions =
        """
        SELECT a.action_id, a.oversell_id, s.code, a.kind, a.connection_id, a.order_ref, a.line_ref, a.units, l.code, a.state = 2,
          a.created_at, a.done_at, a.done_by, a.value, a.currency
        FROM oversell_actions a JOIN oversells o USING (tenant_id, oversell_id) JOIN skus s USING (tenant_id, sku_id)
        LEFT JOIN locations l ON l.tenant_id = a.tenant_id AND l.location_id = a.to_location_id
        WHERE a.tenant_id = $1
        """;

    /// <summary>Oversells, newest first; null asks for all.</summary>
    /// <param name="open">Only those that are short, or only those that are over or dismissed.</param>
    public Task<List<OversellView>> ListAsync(
        long tenant, bool? open, OversellState? state, OversellCause? cause, string? sku, long? before, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::bool IS NULL OR (o.state <= 3) = $2) AND ($3::smallint IS NULL OR o.state = $3)
             AND ($4::smallint IS NULL OR o.cause = $4) AND ($5::text IS NULL OR s.code_key = $5)
             AND ($6::bigint IS NULL OR o.oversell_id < $6) ORDER BY o.oversell_id DESC LIMIT $7
            """;
        return source.ListAsync(
            tenant, sql, Read, [open, (short?)state, (short?)cause, sku is null ? null : SkuDesk.KeyOf(sku), before, count], ct);
    }

    /// <summary>One oversell, or null.</summary>
    public Task<OversellView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND o.oversell_id = $2", Read, [id], ct);

    /// <summary>The facts that made it, in order.</summary>
    public Task<List<OversellCauseView>> CausesAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            """
            SELECT fact_key, units, cause, reason, connection_id, inbox_event_id, occurred_at, recorded_at
            FROM oversell_causes WHERE tenant_id = $1 AND oversell_id = $2 ORDER BY cause_id
            """;
        return source.ListAsync(
            tenant, sql,
            row => new OversellCauseView(
                row.GetString(0), row.GetInt32(1), (OversellCause)row.GetInt16(2), (EntryReason)row.GetInt16(3), row.LongOrNull(4),
                row.LongOrNull(5), row.Time(6), row.Time(7)),
            [id], ct);
    }

    /// <summary>What is proposed now; empty while nothing is.</summary>
    public Task<List<OversellStep>> ProposalAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            """
            SELECT p.kind, p.connection, p."order", p.line, p.units, l.code, p.value, p.currency
            FROM oversells o CROSS JOIN LATERAL jsonb_to_recordset(o.proposal)
              AS p (kind smallint, connection bigint, "order" text, line text, units int, "to" bigint, value numeric, currency text)
            LEFT JOIN locations l ON l.tenant_id = o.tenant_id AND l.location_id = p."to"
            WHERE o.tenant_id = $1 AND o.oversell_id = $2
            """;
        return source.ListAsync(
            tenant, sql,
            row => new OversellStep(
                (SettlementKind)row.GetInt16(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetInt32(4), row.Text(5), MoneyOf(row, 6)),
            [id], ct);
    }

    /// <summary>What is to be done on channels, oldest first; null asks for all.</summary>
    public Task<List<OversellActionView>> ActionsAsync(
        long tenant, long? oversell, bool? done, long? connection, long? after, int count, CancellationToken ct)
    {
        const string sql = Actions +
            """
             AND ($2::bigint IS NULL OR a.oversell_id = $2) AND ($3::bool IS NULL OR (a.state = 2) = $3)
             AND ($4::bigint IS NULL OR a.connection_id = $4) AND ($5::bigint IS NULL OR a.action_id > $5)
            ORDER BY a.action_id LIMIT $6
            """;
        return source.ListAsync(tenant, sql, ReadAction, [oversell, done, connection, after, count], ct);
    }

    /// <summary>Somebody did it on the channel. Done already is no error.</summary>
    /// <returns>The action; null where there is none.</returns>
    public async Task<OversellActionView?> DoneAsync(long tenant, long action, string by, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE oversell_actions SET state = 2, done_at = coalesce(done_at, $3), done_by = coalesce(done_by, $4)
            WHERE tenant_id = $1 AND action_id = $2
            """;
        await source.ExecuteAsync(tenant, sql, [action, time.GetUtcNow(), by], ct).ConfigureAwait(false);
        return await source.FirstAsync(tenant, Actions + " AND a.action_id = $2", ReadAction, [action], ct).ConfigureAwait(false);
    }

    /// <summary>What its settlements cost, in the order in which it was booked.</summary>
    public Task<List<OversellCostView>> CostsAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            """
            SELECT kind, cause, connection_id, order_ref, line_ref, units, amount, currency, booked_at, booked_by
            FROM oversell_costs WHERE tenant_id = $1 AND oversell_id = $2 ORDER BY cost_id
            """;
        return source.ListAsync(
            tenant, sql,
            row => new OversellCostView(
                (CostKind)row.GetInt16(0), (OversellCause)row.GetInt16(1), row.LongOrNull(2), row.Text(3), row.Text(4), row.GetInt32(5),
                MoneyOf(row, 6), row.Time(8), row.GetString(9)),
            [id], ct);
    }

    /// <summary>What settlements cost that were decided in a time, by cause and period, the oldest period first.</summary>
    public async Task<List<CauseCosts>> ReportAsync(long tenant, DateTimeOffset since, DateTimeOffset until, CostPeriod period, CancellationToken ct)
    {
        const string sql =
            """
            WITH booked AS (
              SELECT *, CASE $4::text WHEN 'whole' THEN $2::timestamptz ELSE date_trunc($4::text, booked_at, 'UTC') END AS began
              FROM oversell_costs WHERE tenant_id = $1 AND booked_at >= $2 AND booked_at < $3),
            sums AS (
              SELECT began, cause, count(DISTINCT oversell_id)::int AS settlements, coalesce(sum(units) FILTER (WHERE kind = 2), 0)::int AS cancelled,
                coalesce(sum(units) FILTER (WHERE kind = 1), 0)::int AS resourced, coalesce(sum(units) FILTER (WHERE kind = 2 AND amount IS NULL), 0)::int AS unvalued
              FROM booked GROUP BY began, cause)
            SELECT s.began, s.cause, s.settlements, s.cancelled, s.resourced, s.unvalued, m.amount, m.currency
            FROM sums s LEFT JOIN (SELECT began, cause, currency, sum(amount) AS amount FROM booked WHERE currency IS NOT NULL GROUP BY 1, 2, 3) m
              ON m.began = s.began AND m.cause = s.cause
            ORDER BY s.began, s.cause, m.currency
            """;
        var rows = await source.ListAsync(
            tenant, sql,
            row => (
                Of: new CauseCosts(
                    row.Time(0), (OversellCause)row.GetInt16(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), []),
                Cost: MoneyOf(row, 6)),
            [since.ToUniversalTime(), until.ToUniversalTime(), System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(period.ToString())], ct).ConfigureAwait(false);
        return [.. rows.GroupBy(r => (r.Of.From, r.Of.Cause)).Select(g => g.First().Of with { Costs = [.. g.Select(r => r.Cost).OfType<Money>()] })];
    }

    /// <summary>The rules in force.</summary>
    public async Task<SettlementRules> RulesAsync(long tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await SettlementRulesRows.ReadAsync(session, ct).ConfigureAwait(false);
    }

    /// <summary>Sets the rules; they hold for proposals from now on.</summary>
    public async Task SetRulesAsync(long tenant, SettlementRules rules, string by, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        await SettlementRulesRows.WriteAsync(session, rules, by, time.GetUtcNow(), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    private static OversellView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt32(2), (OversellState)row.GetInt16(3), row.GetInt32(4), row.GetInt32(5),
        (OversellCause)row.GetInt16(6), (EffectiveMode)row.GetInt16(7), row.Time(8), row.Time(9), row.IntOrNull(10),
        row.TimeOrNull(11), row.TimeOrNull(12), row.Text(13), row.Text(14), row.TimeOrNull(15));

    private static OversellActionView ReadAction(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), (SettlementKind)row.GetInt16(3), row.GetInt64(4), row.GetString(5),
        row.GetString(6), row.GetInt32(7), row.Text(8), row.GetBoolean(9), row.Time(10), row.TimeOrNull(11), row.Text(12), MoneyOf(row, 13));

    private static Money? MoneyOf(DbDataReader row, int amount) => row.IsDBNull(amount) ? null : new Money(row.GetDecimal(amount), row.GetString(amount + 1));
}
