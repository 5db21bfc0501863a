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
            session.Of("SELECT ranking, may_split, confirmation FROM settlement_rules WHERE tenant_id = $1"),
            row => new SettlementRules(
                [.. row.GetFieldValue<short[]>(0).Select(r => (SettlementRank)r)], row.GetBoolean(1),
                (SettlementConfirmation)row.GetInt16(2)),
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
                INSERT INTO settlement_rules (tenant_id, ranking, may_split, confirmation, updated_at, updated_by)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (tenant_id) DO UPDATE SET ranking = excluded.ranking, may_split = excluded.may_split,
                  confirmation = excluded.confirmation, updated_at = excluded.updated_at, updated_by = excluded.updated_by
                """,
                Sql.P(rules.Ranking.Select(r => (short)r).ToArray()), Sql.P(rules.MaySplit), Sql.P((short)rules.Confirmation),
                Sql.P(DatabaseTime.Of(at)), Sql.P(by)),
            ct);
    }
}
