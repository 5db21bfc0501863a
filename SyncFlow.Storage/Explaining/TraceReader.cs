using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>From an entry back to what arrived, and on to the pushes that carried the change out.</summary>
internal static class TraceReader
{
    /// <summary>Newest pushes of each level.</summary>
    public const int MostPushes = 3;

    /// <summary>Days before its entry in which an event is looked for: the inbox lies in one partition a day.</summary>
    private const int EventDays = 7;

    private const string Progress =
        """
        p.push_id, p.level_id, p.from_units, p.to_units, p.planned_at, CASE WHEN s.sent_at <= $3 THEN s.sent_at END,
        CASE WHEN coalesce(p.acknowledged_at, s.settled_at) <= $3 OR p.outcome = 6 THEN p.outcome END, p.code,
        CASE WHEN p.acknowledged_at <= $3 THEN p.acknowledged_at END, CASE WHEN p.verified_at <= $3 THEN p.verified_at END, p.changes, s.kind
        """;

    private const string LatestSql =
        $"""
        SELECT {Progress}
        FROM listing_levels l CROSS JOIN LATERAL (
          SELECT * FROM push_levels x WHERE x.tenant_id = $1 AND x.level_id = l.level_id AND x.planned_at <= $3
          ORDER BY x.planned_at DESC LIMIT $4) p
        JOIN pushes s ON s.tenant_id = $1 AND s.push_id = p.push_id AND s.planned_at = p.planned_at
        WHERE l.tenant_id = $1 AND l.sku_id = $2
        ORDER BY p.level_id, p.planned_at DESC
        """;

    // A change belongs to the first push of a level that was planned after it, if the level wanted one from then on: a push
    // carries the last value, and so all changes since the push before it. A level that came to show its target by itself
    // in between needed none. Of what is older than the pushes that are kept, the next one kept says nothing. What is only owed to a shelf is carried by a push that leaves belief as it is.
    private const string CarriersSql =
        $"""
        SELECT m.ordinal, {Progress}
        FROM (
          SELECT * FROM unnest($5::timestamptz[]) WITH ORDINALITY AS u (at, ordinal)
          WHERE u.at >= coalesce((SELECT k.kept_from FROM pushes_kept k), '-infinity')) m
        JOIN listing_levels l ON l.tenant_id = $1 AND l.sku_id = $2 AND ($4::bigint IS NULL OR l.connection_id = $4)
        CROSS JOIN LATERAL (
          SELECT h.belief, h.target, coalesce(h.owed, 0) AS owed FROM level_history h
          WHERE h.tenant_id = $1 AND h.level_id = l.level_id AND h.at <= m.at ORDER BY h.at DESC, h.history_id DESC LIMIT 1) h
        CROSS JOIN LATERAL (
          SELECT * FROM push_levels x
          WHERE x.tenant_id = $1 AND x.level_id = l.level_id AND x.planned_at >= m.at AND x.planned_at <= $3
          ORDER BY x.planned_at LIMIT 1) p
        JOIN pushes s ON s.tenant_id = $1 AND s.push_id = p.push_id AND s.planned_at = p.planned_at
        WHERE (h.target <> h.belief OR h.owed <> 0) AND NOT EXISTS (
          SELECT FROM level_history i
          WHERE i.tenant_id = $1 AND i.level_id = l.level_id AND i.at > m.at AND i.at < p.planned_at
            AND i.target = i.belief AND coalesce(i.owed, 0) = 0 AND i.in_flight IS NULL)
        ORDER BY m.ordinal, p.planned_at, p.level_id
        """;

    /// <summary>The newest pushes of each level of a SKU, as far as they had come at a moment.</summary>
    public static NpgsqlBatchCommand Latest(StorageSession session, SkuId sku, DateTimeOffset at) =>
        session.Of(LatestSql, Sql.P(sku.Value), Sql.P(at), Sql.P(MostPushes));

    /// <summary>The pushes that carried what was recorded at moments; the first column of a row is the moment's number, from 1.</summary>
    public static NpgsqlBatchCommand Carriers(
        StorageSession session, SkuId sku, ConnectionId? channel, DateTimeOffset at, IReadOnlyList<DateTimeOffset> moments) =>
        session.Of(CarriersSql, Sql.P(sku.Value), Sql.P(at), Sql.P(channel?.Value), Sql.Column(moments, m => m));

    public static PushRecord ReadPush(NpgsqlDataReader row) => ReadPush(row, 0);

    public static (long Moment, PushRecord Push) ReadCarrier(NpgsqlDataReader row) => (row.GetInt64(0), ReadPush(row, 1));

    /// <summary>The inbox events of entries, as far as they are still kept.</summary>
    public static NpgsqlBatchCommand Events(StorageSession session, IReadOnlyList<RecordedEntry> entries)
    {
        var known = entries.Where(e => e.Entry.InboxEvent is not null).ToList();
        var days = known.Select(e => DateOnly.FromDateTime(e.RecordedAt.UtcDateTime)).Distinct()
            .SelectMany(day => Enumerable.Range(0, EventDays + 1).Select(back => day.AddDays(-back))).Distinct().ToArray();
        return session.Of(
            """
            SELECT event_id, topic, webhook_id, correlation_id, triggered_at, received_at, finished_at FROM inbox
            WHERE tenant_id = $1 AND received_day = ANY ($2) AND event_id = ANY ($3)
            """,
            Sql.P(days), Sql.P(known.Select(e => e.Entry.InboxEvent!.Value).Distinct().ToArray()));
    }

    public static EventTrace ReadEvent(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.Text(3), row.Moment(4), row.Moment(5), row.Nullable<DateTimeOffset>(6));

    private static PushRecord ReadPush(NpgsqlDataReader row, int first) => new(
        row.GetGuid(first), new LevelId(row.GetInt64(first + 1)), row.GetInt32(first + 2), row.GetInt32(first + 3), row.Moment(first + 4),
        row.Nullable<DateTimeOffset>(first + 5), (ElementOutcome?)row.Nullable<short>(first + 6), row.Text(first + 7),
        row.Nullable<DateTimeOffset>(first + 8), row.Nullable<DateTimeOffset>(first + 9), row.GetInt32(first + 10), (PushKind)row.GetInt16(first + 11));
}
