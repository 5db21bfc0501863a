using Npgsql;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Oversells;

/// <summary>Writes what a batch noticed about shortages, with the batch.</summary>
internal static class OversellRows
{
    /// <summary>
    /// A shortage that grew opens a case, or asks for a new proposal in the open one; one that shrank is kept up to
    /// date, and resolved at zero. A case that a person dismissed stays so until the shortage grows.
    /// </summary>
    public static NpgsqlBatchCommand[] Write(StorageSession session, IReadOnlyList<OversellSeen> seen, DateTimeOffset at)
    {
        // The last word of a batch about a group is what stands; every fact is kept.
        var last = seen.GroupBy(s => (s.Sku, s.Group))
            .Select(g => (Seen: g.Last(), Rise: g.Sum(s => s.Rise), Facts: g.SelectMany(s => s.Facts).ToList()))
            .OrderBy(s => s.Seen.Sku.Value).ThenBy(s => s.Seen.Group).ToList();
        var grown = last.Where(s => s.Rise > 0 && s.Seen.Units > 0).ToList();
        var shrunk = last.Where(s => s.Rise == 0 || s.Seen.Units == 0).ToList();
        var facts = grown.SelectMany(s => s.Facts.Select(f => (s.Seen, Fact: f))).ToList();
        return
        [
            session.Of(
                """
                INSERT INTO oversells AS o (tenant_id, sku_id, pool_group, units, most_units, cause, mode, opened_at, seen_at)
                SELECT $1, d.sku_id, d.pool_group, d.units, d.units, d.cause, d.mode, $2, $2
                FROM unnest($3::bigint[], $4::int[], $5::int[], $6::smallint[], $7::smallint[]) AS d (sku_id, pool_group, units, cause, mode)
                ON CONFLICT (tenant_id, sku_id, pool_group) WHERE state <= 3 DO UPDATE SET units = excluded.units,
                  most_units = greatest(o.most_units, excluded.units), seen_at = excluded.seen_at, state = 1
                """,
                Sql.P(at), Sql.Column(grown, g => g.Seen.Sku.Value), Sql.Column(grown, g => g.Seen.Group),
                Sql.Column(grown, g => g.Seen.Units), Sql.Column(grown, g => (short)g.Seen.Cause),
                Sql.Column(grown, g => (short)g.Seen.Mode)),
            session.Of(
                """
                INSERT INTO oversell_causes (tenant_id, oversell_id, fact_key, units, cause, reason, connection_id, inbox_event_id, occurred_at, recorded_at)
                SELECT $1, o.oversell_id, d.fact_key, d.units, d.cause, d.reason, d.connection_id, d.inbox_event_id, d.occurred_at, $2
                FROM unnest($3::bigint[], $4::int[], $5::text[], $6::int[], $7::smallint[], $8::smallint[], $9::bigint[], $10::bigint[], $11::timestamptz[])
                  WITH ORDINALITY AS d (sku_id, pool_group, fact_key, units, cause, reason, connection_id, inbox_event_id, occurred_at, n)
                JOIN oversells o ON o.tenant_id = $1 AND o.sku_id = d.sku_id AND o.pool_group = d.pool_group AND o.state <= 3
                ORDER BY d.n
                """,
                Sql.P(at), Sql.Column(facts, f => f.Seen.Sku.Value), Sql.Column(facts, f => f.Seen.Group),
                Sql.Column(facts, f => f.Fact.FactKey), Sql.Column(facts, f => f.Fact.Units),
                Sql.Column(facts, f => (short)f.Fact.Cause), Sql.Column(facts, f => (short)f.Fact.Reason),
                Sql.Column(facts, f => f.Fact.Connection?.Value), Sql.Column(facts, f => f.Fact.InboxEvent),
                Sql.Column(facts, f => DatabaseTime.Of(f.Fact.OccurredAt))),
            session.Of(
                """
                UPDATE oversells o SET units = d.units, seen_at = $2, resolved_at = CASE WHEN d.units = 0 THEN $2 END,
                  state = CASE WHEN d.units = 0 THEN 5 WHEN o.state = 2 THEN 1 ELSE o.state END
                FROM unnest($3::bigint[], $4::int[], $5::int[]) AS d (sku_id, pool_group, units)
                WHERE o.tenant_id = $1 AND o.sku_id = d.sku_id AND o.pool_group = d.pool_group AND o.state <= 3
                  AND o.units <> d.units
                """,
                Sql.P(at), Sql.Column(shrunk, s => s.Seen.Sku.Value), Sql.Column(shrunk, s => s.Seen.Group),
                Sql.Column(shrunk, s => s.Seen.Units)),
        ];
    }
}
