using Npgsql;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// Levels of which a plan or an answer changed nothing but what these change: as with <see cref="LevelMoves"/>, what is sent
/// and unfolded of a level is what it costs. Almost every pushed level is written by these two.
/// </summary>
internal static class LevelPushes
{
    /// <summary>A push is put on a level that has none.</summary>
    public const string PlannedSql =
        """
        UPDATE listing_levels l SET
          in_flight_push = d.push, in_flight_from = d.from_units, in_flight_to = d.to_units, in_flight_planned_at = d.planned_at,
          in_flight_deadline = d.deadline, in_flight_cause_at = d.flight_cause, in_flight_kind = d.kind, in_flight_acknowledged_at = NULL,
          target = d.target, cause_at = d.cause_at, wants_push = d.wants_push, push_priority = d.push_priority,
          dirty_since = CASE WHEN d.wants_push THEN coalesce(l.dirty_since, $2) END,
          pending_changes = 0, -- The push carries them.
          updated_at = $2
        FROM unnest($3::bigint[], $4::uuid[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
          $10::smallint[], $11::int[], $12::timestamptz[], $13::bool[], $14::int[])
          AS d (level_id, push, from_units, to_units, planned_at, deadline, flight_cause, kind, target, cause_at, wants_push, push_priority)
        WHERE l.tenant_id = $1 AND l.level_id = d.level_id
        """;

    /// <summary>The push of a level is answered: it is gone from it.</summary>
    public const string AnsweredSql =
        """
        UPDATE listing_levels l SET
          in_flight_push = NULL, in_flight_from = NULL, in_flight_to = NULL, in_flight_planned_at = NULL, in_flight_deadline = NULL,
          in_flight_cause_at = NULL, in_flight_kind = $3, in_flight_acknowledged_at = NULL,
          belief = d.belief, target = d.target, explained_through = d.explained_through, pushed_total = d.pushed_total, unverified = d.unverified::jsonb,
          unverified_units = d.unverified_units, needs_reading = d.needs_reading, cause_at = d.cause_at, wants_push = d.wants_push,
          push_priority = d.push_priority, dirty_since = CASE WHEN d.wants_push THEN coalesce(l.dirty_since, $2) END,
          pending_changes = l.pending_changes + CASE WHEN d.target IS DISTINCT FROM l.target THEN d.changes ELSE 0 END,
          updated_at = $2
        FROM unnest($4::bigint[], $5::int[], $6::int[], $7::bigint[], $8::text[], $9::int[], $10::bool[], $11::timestamptz[],
          $12::bool[], $13::int[], $14::int[], $15::bigint[])
          AS d (level_id, belief, target, pushed_total, unverified, unverified_units, needs_reading, cause_at, wants_push,
            push_priority, changes, explained_through)
        WHERE l.tenant_id = $1 AND l.level_id = d.level_id
        """;

    /// <summary>Whether nothing else of a level differs from what was loaded than a plan changes.</summary>
    public static bool IsPlanned(ChangedLevel changed) =>
        changed is { Before: { InFlight: null } before, Level.InFlight: { AcknowledgedAt: null } } && changed.Level.Equals(before with
        {
            InFlight = changed.Level.InFlight,
            Target = changed.Level.Target,
            CauseAt = changed.Level.CauseAt,
        });

    /// <summary>Whether nothing else of a level differs from what was loaded than an answer changes.</summary>
    public static bool IsAnswered(ChangedLevel changed) =>
        changed is { Before: { InFlight: not null } before, Level.InFlight: null } && changed.Level.Equals(before with
        {
            InFlight = null,
            Belief = changed.Level.Belief,
            Target = changed.Level.Target,
            ExplainedThrough = changed.Level.ExplainedThrough,
            PushedTotal = changed.Level.PushedTotal,
            Unverified = changed.Level.Unverified,
            NeedsReading = changed.Level.NeedsReading,
            CauseAt = changed.Level.CauseAt,
        });

    public static NpgsqlBatchCommand WritePlanned(StorageSession session, IReadOnlyList<ChangedLevel> rows, DateTimeOffset now) => session.Of(
        PlannedSql,
        Sql.P(now),
        Sql.Column(rows, r => r.Level.Id.Value),
        Sql.Column(rows, r => r.Level.InFlight!.Push),
        Sql.Column(rows, r => r.Level.InFlight!.From),
        Sql.Column(rows, r => r.Level.InFlight!.To),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight!.PlannedAt)),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight!.Deadline)),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight!.CauseAt)),
        Sql.Column(rows, r => (short)r.Level.InFlight!.Kind),
        Sql.Column(rows, r => r.Level.Target),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.CauseAt)),
        Sql.Column(rows, r => r.Level.WantsPush),
        Sql.Column(rows, LevelRows.Priority));

    public static NpgsqlBatchCommand WriteAnswered(StorageSession session, IReadOnlyList<ChangedLevel> rows, DateTimeOffset now) => session.Of(
        AnsweredSql,
        Sql.P(now),
        Sql.P((short)WriteKind.Compared),
        Sql.Column(rows, r => r.Level.Id.Value),
        Sql.Column(rows, r => r.Level.Belief),
        Sql.Column(rows, r => r.Level.Target),
        Sql.Column(rows, r => r.Level.PushedTotal),
        Sql.Column(rows, r => StoredJson.Write(r.Level.Unverified)),
        Sql.Column(rows, r => r.Level.UnverifiedUnits),
        Sql.Column(rows, r => r.Level.NeedsReading),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.CauseAt)),
        Sql.Column(rows, r => r.Level.WantsPush),
        Sql.Column(rows, LevelRows.Priority),
        Sql.Column(rows, r => r.Changes),
        Sql.Column(rows, r => r.Level.ExplainedThrough));
}
