using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>What a batch found out besides stock: drift cases, incidents, and pushes that a reading proved.</summary>
internal static class CaseRows
{
    /// <summary>A week and a day: two partitions, and three on a Monday.</summary>
    private static readonly TimeSpan ProvenWithin = TimeSpan.FromDays(8);

    public static NpgsqlBatchCommand InsertDrift(StorageSession session, IReadOnlyList<DriftCase> cases) => session.Of(
        """
        INSERT INTO drift_cases (tenant_id, sku_id, level_id, class, expected, actual, action, at)
        SELECT $1, d.* FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::int[], $6::int[], $7::text[], $8::timestamptz[]) AS d
        """,
        Sql.Column(cases, c => c.Sku.Value), Sql.Column(cases, c => c.Level.Value), Sql.Column(cases, c => (short)c.Class),
        Sql.Column(cases, c => c.Expected), Sql.Column(cases, c => c.Actual), Sql.Column(cases, c => c.Action),
        Sql.Column(cases, c => DatabaseTime.Of(c.At)));

    /// <summary>One open incident per key: seen again it is counted, not opened again.</summary>
    public static NpgsqlBatchCommand UpsertIncidents(StorageSession session, IReadOnlyList<Incident> incidents)
    {
        var once = incidents.GroupBy(i => i.Key, StringComparer.Ordinal).Select(g => (Last: g.Last(), First: g.First(), Times: g.Count())).ToList();
        return session.Of(
            """
            INSERT INTO incidents AS i (tenant_id, incident_key, kind, message, connection_id, sku_id, level_id, opened_at, seen_at, times)
            SELECT $1, d.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::timestamptz[], $9::timestamptz[], $10::int[]) AS d
            ON CONFLICT (tenant_id, incident_key) WHERE closed_at IS NULL
            DO UPDATE SET message = excluded.message, seen_at = excluded.seen_at, times = i.times + excluded.times
            """,
            Sql.Column(once, i => i.Last.Key), Sql.Column(once, i => i.Last.Kind), Sql.Column(once, i => i.Last.Message),
            Sql.Column(once, i => i.Last.Connection?.Value), Sql.Column(once, i => i.Last.Sku?.Value),
            Sql.Column(once, i => i.Last.Level?.Value), Sql.Column(once, i => DatabaseTime.Of(i.First.At)),
            Sql.Column(once, i => DatabaseTime.Of(i.Last.At)), Sql.Column(once, i => i.Times));
    }

    /// <summary>Closes incidents whose cause is gone; what is not open is left as it is.</summary>
    public static NpgsqlBatchCommand CloseIncidents(StorageSession session, IReadOnlyList<string> keys, DateTimeOffset at) => session.Of(
        "UPDATE incidents SET closed_at = $2 WHERE tenant_id = $1 AND incident_key = ANY ($3) AND closed_at IS NULL",
        Sql.P(at), Sql.Column([.. keys.Distinct(StringComparer.Ordinal)], k => k));

    /// <summary>
    /// What is not proven yet of a level lies behind its newest proven push. That one is looked for among the last days;
    /// where it is older, or there is none, all that is kept of the level is looked at. The earliest of these moments bounds
    /// the weeks that are opened, however levels and pushes are joined. A bound above would make the planner believe the
    /// range to be so narrow that it reads it for the whole tenant.
    /// </summary>
    public static NpgsqlBatchCommand MarkVerified(StorageSession session, IReadOnlyList<Verification> verifications) => session.Of(
        """
        WITH v AS MATERIALIZED (
          SELECT d.*, coalesce((
            SELECT x.planned_at FROM push_levels x
            WHERE x.tenant_id = $1 AND x.level_id = d.level_id AND x.planned_at > $5 AND x.planned_at <= $6 AND x.verified_at IS NOT NULL
            ORDER BY x.planned_at DESC LIMIT 1), '-infinity') AS proven
          FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS d (level_id, up_to, at)
        )
        UPDATE push_levels p SET verified_at = v.at
        FROM v
        WHERE p.tenant_id = $1 AND p.level_id = v.level_id AND p.planned_at > v.proven AND p.planned_at <= v.up_to
          AND p.planned_at > (SELECT min(proven) FROM v) AND p.outcome = 1 AND p.verified_at IS NULL
        """,
        Sql.Column(verifications, v => v.Level.Value), Sql.Column(verifications, v => DatabaseTime.Of(v.UpTo)),
        Sql.Column(verifications, v => DatabaseTime.Of(v.At)),
        Sql.P(DatabaseTime.Of(verifications.Min(v => v.UpTo) - ProvenWithin)), Sql.P(DatabaseTime.Of(verifications.Max(v => v.UpTo))));
}
