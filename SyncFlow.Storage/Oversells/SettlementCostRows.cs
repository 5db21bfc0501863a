using SyncFlow.Core;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Oversells;

/// <summary>What settlements cost, booked to causes when they are decided.</summary>
internal static class SettlementCostRows
{
    /// <summary>Books what a case's proposal costs, to the cause of the case; before the case is noted as decided, or after.</summary>
    /// <param name="given">What a person said it costs; null where nobody did.</param>
    public static async Task BookAsync(
        StorageSession session, long oversell, SettlementRules rules, Money? given, string by, DateTimeOffset at, CancellationToken ct)
    {
        var actions = await session.QueryAsync(
            session.Of(
                """
                SELECT p.kind, p.connection, p."order", p.line, p.units, p."to", p.value, p.currency
                FROM oversells o CROSS JOIN LATERAL jsonb_to_recordset(o.proposal)
                  AS p (kind smallint, connection bigint, "order" text, line text, units int, "to" bigint, value numeric, currency text)
                WHERE o.tenant_id = $1 AND o.oversell_id = $2
                """,
                Sql.P(oversell)),
            row => new SettlementAction(
                (SettlementKind)row.GetInt16(0), new ConnectionId(row.GetInt64(1)), row.GetString(2), row.GetString(3), row.GetInt32(4),
                row.Nullable<long>(5) is { } to ? new LocationId(to) : null)
            {
                Value = row.Nullable<decimal>(6) is { } value ? new Money(value, row.GetString(7)) : null,
            },
            ct).ConfigureAwait(false);
        var costs = SettlementCosts.Of(actions, rules, given);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO oversell_costs (tenant_id, oversell_id, cause, kind, connection_id, order_ref, line_ref, units, amount, currency, booked_at, booked_by)
                SELECT $1, o.oversell_id, o.cause, d.kind, d.connection, d.order_ref, d.line_ref, d.units, d.amount, d.currency, $3, $4
                FROM oversells o CROSS JOIN unnest($5::smallint[], $6::bigint[], $7::text[], $8::text[], $9::int[], $10::numeric[], $11::text[])
                  WITH ORDINALITY AS d (kind, connection, order_ref, line_ref, units, amount, currency, n)
                WHERE o.tenant_id = $1 AND o.oversell_id = $2 ORDER BY d.n
                """,
                Sql.P(oversell), Sql.P(at), Sql.P(by), Sql.Column(costs, c => (short)c.Kind), Sql.Column(costs, c => c.Of?.Connection.Value),
                Sql.Column(costs, c => c.Of?.OrderRef), Sql.Column(costs, c => c.Of?.LineRef), Sql.Column(costs, c => c.Units),
                Sql.Column(costs, c => c.Cost?.Amount), Sql.Column(costs, c => c.Cost?.Currency)),
            ct).ConfigureAwait(false);
    }
}
