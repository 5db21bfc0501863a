using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// Levels of which a fact changed nothing but what sales and put-backs move: of forty columns a dozen are sent and
/// unfolded, which halves what writing such a level costs. Almost every level that an order touches is one.
/// </summary>
internal static class LevelMoves
{
    public const string UpdateSql =
        """
        UPDATE listing_levels l SET
          belief = d.belief, target = d.target, cause_at = d.cause_at, explained_through = d.explained_through,
          sold_total = d.sold_total, put_back_total = d.put_back_total, open_claims = d.open_claims,
          wants_push = d.wants_push, push_priority = d.push_priority,
          dirty_since = CASE WHEN d.wants_push THEN coalesce(l.dirty_since, $2) END,
          pending_changes = l.pending_changes + CASE WHEN d.target IS DISTINCT FROM l.target THEN d.changes ELSE 0 END,
          updated_at = $2
        FROM unnest($3::bigint[], $4::int[], $5::int[], $6::timestamptz[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[],
          $11::bool[], $12::int[], $13::int[])
          AS d (level_id, belief, target, cause_at, explained_through, sold_total, put_back_total, open_claims, wants_push,
            push_priority, changes)
        WHERE l.tenant_id = $1 AND l.level_id = d.level_id
        """;

    /// <summary>Whether nothing else of a level differs from what was loaded.</summary>
    public static bool Suffices(ChangedLevel changed) => changed.Before is { } before && changed.Level.Equals(before with
    {
        Belief = changed.Level.Belief,
        Target = changed.Level.Target,
        CauseAt = changed.Level.CauseAt,
        ExplainedThrough = changed.Level.ExplainedThrough,
        SoldTotal = changed.Level.SoldTotal,
        PutBackTotal = changed.Level.PutBackTotal,
        OpenClaims = changed.Level.OpenClaims,
    });

    public static NpgsqlBatchCommand Update(StorageSession session, IReadOnlyList<ChangedLevel> rows, DateTimeOffset now) => session.Of(
        UpdateSql,
        Sql.P(now),
        Sql.Column(rows, r => r.Level.Id.Value),
        Sql.Column(rows, r => r.Level.Belief),
        Sql.Column(rows, r => r.Level.Target),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.CauseAt)),
        Sql.Column(rows, r => r.Level.ExplainedThrough),
        Sql.Column(rows, r => r.Level.SoldTotal),
        Sql.Column(rows, r => r.Level.PutBackTotal),
        Sql.Column(rows, r => r.Level.OpenClaims),
        Sql.Column(rows, r => r.Level.WantsPush),
        Sql.Column(rows, LevelRows.Priority),
        Sql.Column(rows, r => r.Changes));
}
