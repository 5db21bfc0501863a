using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Oversells;

/// <summary>The tenant's rules for settling oversells; the defaults until somebody sets others.</summary>
public static class SettlementRulesRows
{
    /// <summary>The rules in force.</summary>
    public static async Task<SettlementRules> ReadAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var rules = await session.QueryAsync(
            session.Of(
                """
                SELECT ranking, may_split, confirmation, resource_cost, resource_currency, cancel_cost, cancel_currency
                FROM settlement_rules WHERE tenant_id = $1
                """),
            row => new SettlementRules(
                [.. row.GetFieldValue<short[]>(0).Select(r => (SettlementRank)r)], row.GetBoolean(1),
                (SettlementConfirmation)row.GetInt16(2))
            {
                ResourceCost = row.Nullable<decimal>(3) is { } resource ? new Money(resource, row.GetString(4)) : null,
                CancelCost = row.Nullable<decimal>(5) is { } cancel ? new Money(cancel, row.GetString(6)) : null,
            },
            ct).ConfigureAwait(false);
        return rules.Count == 0 ? SettlementRules.Default : rules[0];
    }

    /// <summary>Sets the rules; they hold for proposals from now on.</summary>
    public static Task WriteAsync(StorageSession session, SettlementRules rules, string by, DateTimeOffset at, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(rules);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO settlement_rules (tenant_id, ranking, may_split, confirmation, updated_at, updated_by, resource_cost,
                  resource_currency, cancel_cost, cancel_currency)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                ON CONFLICT (tenant_id) DO UPDATE SET ranking = excluded.ranking, may_split = excluded.may_split,
                  confirmation = excluded.confirmation, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
                  resource_cost = excluded.resource_cost, resource_currency = excluded.resource_currency,
                  cancel_cost = excluded.cancel_cost, cancel_currency = excluded.cancel_currency
                """,
                Sql.P(rules.Ranking.Select(r => (short)r).ToArray()), Sql.P(rules.MaySplit), Sql.P((short)rules.Confirmation),
                Sql.P(DatabaseTime.Of(at)), Sql.P(by), Sql.P(rules.ResourceCost?.Amount), Sql.P(rules.ResourceCost?.Currency),
                Sql.P(rules.CancelCost?.Amount), Sql.P(rules.CancelCost?.Currency)),
            ct);
    }
}
