using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>How a <see cref="LevelState"/> lies in a row of <c>listing_levels</c>: read and written side by side.</summary>
internal static class LevelRows
{
    public const string Columns =
        """
        sku_id, level_id, listing_id, connection_id, location_id, generation, status, belief, observed_available,
        observed_version, observed_seen_at, observed_on_hand, observed_committed, suspense, suspense_since,
        suspense_readings, surplus, in_flight_push, in_flight_from, in_flight_to, in_flight_planned_at,
        in_flight_deadline, in_flight_cause_at, unverified::text, failed_verifications, target, needs_reading,
        awaits_attribution, cause_at, explained_through, sold_total, put_back_total, pushed_total, open_claims,
        adopted, draft_holds, selling_limit, opened, in_flight_kind, in_flight_acknowledged_at, shelf::text,
        lag_reserve, filled
        """;

    public const string UpdateSql =
        """
        UPDATE listing_levels l SET
          generation = d.generation, status = d.status, belief = d.belief, observed_available = d.observed_available,
          observed_version = d.observed_version, observed_seen_at = d.observed_seen_at,
          observed_on_hand = d.observed_on_hand, observed_committed = d.observed_committed, suspense = d.suspense,
          suspense_since = d.suspense_since, suspense_readings = d.suspense_readings, surplus = d.surplus,
          in_flight_push = d.in_flight_push, in_flight_from = d.in_flight_from, in_flight_to = d.in_flight_to,
          in_flight_planned_at = d.in_flight_planned_at, in_flight_deadline = d.in_flight_deadline,
          in_flight_cause_at = d.in_flight_cause_at, unverified = d.unverified::jsonb,
          unverified_units = d.unverified_units, failed_verifications = d.failed_verifications, target = d.target,
          needs_reading = d.needs_reading, awaits_attribution = d.awaits_attribution, cause_at = d.cause_at,
          explained_through = d.explained_through, sold_total = d.sold_total, put_back_total = d.put_back_total,
          pushed_total = d.pushed_total, open_claims = d.open_claims, wants_push = d.wants_push,
          push_priority = d.push_priority, adopted = d.adopted, draft_holds = d.draft_holds,
          selling_limit = d.selling_limit, opened = d.opened, in_flight_kind = d.in_flight_kind,
          in_flight_acknowledged_at = d.in_flight_acknowledged_at, shelf = d.shelf::jsonb, lag_reserve = d.lag_reserve,
          filled = d.filled,
          dirty_since = CASE WHEN d.wants_push THEN coalesce(l.dirty_since, $2) END,
          pending_changes = CASE -- A push that leaves with this write carries them.
            WHEN d.in_flight_push IS NOT NULL AND d.in_flight_push IS DISTINCT FROM l.in_flight_push THEN 0
            ELSE l.pending_changes + CASE WHEN d.target IS DISTINCT FROM l.target THEN d.changes ELSE 0 END END,
          updated_at = $2
        FROM unnest($3::bigint[], $4::int[], $5::smallint[], $6::int[], $7::int[], $8::bigint[], $9::timestamptz[],
          $10::int[], $11::int[], $12::int[], $13::timestamptz[], $14::int[], $15::int[], $16::uuid[], $17::int[],
          $18::int[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[], $22::text[], $23::int[], $24::int[],
          $25::int[], $26::bool[], $27::bool[], $28::timestamptz[], $29::bigint[], $30::bigint[], $31::bigint[],
          $32::bigint[], $33::int[], $34::bool[], $35::int[], $36::int[], $37::int[], $38::int[],
          $39::smallint[], $40::bool[], $41::smallint[], $42::timestamptz[], $43::text[], $44::int[],
          $45::int[])
          AS d (level_id, generation, status, belief, observed_available, observed_version, observed_seen_at,
            observed_on_hand, observed_committed, suspense, suspense_since, suspense_readings, surplus, in_flight_push,
            in_flight_from, in_flight_to, in_flight_planned_at, in_flight_deadline, in_flight_cause_at, unverified,
            unverified_units, failed_verifications, target, needs_reading, awaits_attribution, cause_at,
            explained_through, sold_total, put_back_total, pushed_total, open_claims, wants_push, push_priority, changes,
            adopted, draft_holds, selling_limit, opened, in_flight_kind, in_flight_acknowledged_at, shelf, lag_reserve,
            filled)
        WHERE l.tenant_id = $1 AND l.level_id = d.level_id
        """;

    /// <summary>Reads one row of <see cref="Columns"/>.</summary>
    public static (SkuId Sku, LevelState Level) Read(NpgsqlDataReader row) => (new SkuId(row.GetInt64(0)), new LevelState
    {
        Id = new LevelId(row.GetInt64(1)),
        Listing = new ListingId(row.GetInt64(2)),
        Connection = new ConnectionId(row.GetInt64(3)),
        Location = new LocationId(row.GetInt64(4)),
        Generation = row.GetInt32(5),
        Status = (LevelStatus)row.GetInt16(6),
        Belief = row.Nullable<int>(7),
        Observed = row.IsDBNull(8)
            ? null
            : new Observation(row.GetInt32(8), row.GetInt64(9), row.Moment(10), row.Nullable<int>(11), row.Nullable<int>(12)),
        Suspense = row.GetInt32(13),
        SuspenseSince = row.Nullable<DateTimeOffset>(14),
        SuspenseReadings = row.GetInt32(15),
        Surplus = row.GetInt32(16),
        InFlight = row.IsDBNull(17)
            ? null
            : new InFlight(
                row.GetGuid(17), row.GetInt32(18), row.GetInt32(19), row.Moment(20), row.Moment(21),
                row.Nullable<DateTimeOffset>(22))
            {
                Kind = (WriteKind)row.GetInt16(38),
                AcknowledgedAt = row.Nullable<DateTimeOffset>(39),
            },
        Unverified = StoredJson.ReadUnverified(row.Text(23)),
        FailedVerifications = row.GetInt32(24),
        Target = row.Nullable<int>(25),
        NeedsReading = row.GetBoolean(26),
        AwaitsAttribution = row.GetBoolean(27),
        CauseAt = row.Nullable<DateTimeOffset>(28),
        ExplainedThrough = row.GetInt64(29),
        SoldTotal = row.GetInt64(30),
        PutBackTotal = row.GetInt64(31),
        PushedTotal = row.GetInt64(32),
        OpenClaims = row.GetInt32(33),
        Adopted = row.GetInt32(34),
        DraftHolds = row.GetInt32(35),
        Limit = (SellingLimit)row.GetInt16(36),
        Opened = row.GetBoolean(37),
        Shelf = row.IsDBNull(40) ? null : ShelfJson.Read(row.GetString(40)),
        LagReserve = row.GetInt32(41),
        Filled = row.GetInt32(42),
    });

    /// <summary>When its turn to be pushed is; lower comes first.</summary>
    public static int Priority(ChangedLevel changed) => PushPriority.Of(changed.Sku, changed.Level);

    /// <summary>The parameters of <see cref="UpdateSql"/> after the tenant.</summary>
    public static NpgsqlParameter[] Parameters(IReadOnlyList<ChangedLevel> rows, DateTimeOffset now) =>
    [
        Sql.P(now),
        Sql.Column(rows, r => r.Level.Id.Value),
        Sql.Column(rows, r => r.Level.Generation),
        Sql.Column(rows, r => (short)r.Level.Status),
        Sql.Column(rows, r => r.Level.Belief),
        Sql.Column(rows, r => r.Level.Observed?.Available),
        Sql.Column(rows, r => r.Level.Observed?.Version),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.Observed?.SeenAt)),
        Sql.Column(rows, r => r.Level.Observed?.OnHand),
        Sql.Column(rows, r => r.Level.Observed?.Committed),
        Sql.Column(rows, r => r.Level.Suspense),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.SuspenseSince)),
        Sql.Column(rows, r => r.Level.SuspenseReadings),
        Sql.Column(rows, r => r.Level.Surplus),
        Sql.Column(rows, r => r.Level.InFlight?.Push),
        Sql.Column(rows, r => r.Level.InFlight?.From),
        Sql.Column(rows, r => r.Level.InFlight?.To),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight?.PlannedAt)),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight?.Deadline)),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight?.CauseAt)),
        Sql.Column(rows, r => StoredJson.Write(r.Level.Unverified)),
        Sql.Column(rows, r => r.Level.UnverifiedUnits),
        Sql.Column(rows, r => r.Level.FailedVerifications),
        Sql.Column(rows, r => r.Level.Target),
        Sql.Column(rows, r => r.Level.NeedsReading),
        Sql.Column(rows, r => r.Level.AwaitsAttribution),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.CauseAt)),
        Sql.Column(rows, r => r.Level.ExplainedThrough),
        Sql.Column(rows, r => r.Level.SoldTotal),
        Sql.Column(rows, r => r.Level.PutBackTotal),
        Sql.Column(rows, r => r.Level.PushedTotal),
        Sql.Column(rows, r => r.Level.OpenClaims),
        Sql.Column(rows, r => r.Level.WantsPush),
        Sql.Column(rows, Priority),
        Sql.Column(rows, r => r.Changes),
        Sql.Column(rows, r => r.Level.Adopted),
        Sql.Column(rows, r => r.Level.DraftHolds),
        Sql.Column(rows, r => (short)r.Level.Limit),
        Sql.Column(rows, r => r.Level.Opened),
        Sql.Column(rows, r => (short)(r.Level.InFlight?.Kind ?? WriteKind.Compared)),
        Sql.Column(rows, r => DatabaseTime.Of(r.Level.InFlight?.AcknowledgedAt)),
        Sql.Column(rows, r => r.Level.Shelf is { } shelf ? ShelfJson.Write(shelf) : null),
        Sql.Column(rows, r => r.Level.LagReserve),
        Sql.Column(rows, r => r.Level.Filled),
    ];
}

/// <summary>A level to write back.</summary>
/// <param name="Sku">Its SKU, whole.</param>
/// <param name="Before">As it was loaded; null where it was not.</param>
/// <param name="Changes">How many facts of the batch changed the SKU's stock; counted when the target moves. ≥ 1.</param>
internal sealed record ChangedLevel(SkuState Sku, LevelState? Before, LevelState Level, int Changes);
