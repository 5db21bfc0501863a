using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Events that were told before: booked, kept, or still waiting in the inbox, by themselves or with others.
/// Whatever is missed here is booked once all the same, by its key.
/// </summary>
internal static class SourceRepeats
{
    /// <summary>Ids of those that were told before.</summary>
    /// <param name="map">What their items are.</param>
    /// <param name="compared">Whether they are compared with those that wait together with others, too.</param>
    public static async Task<HashSet<string>> FindAsync(
        StorageSession session, SourceSettings settings, IReadOnlyList<SourceEvent> events, SourceMap map, bool compared, DateTimeOffset at, CancellationToken ct)
    {
        // First what waits: what is booked between the two looks is found by the second.
        var known = compared && settings.GroupsWait ? await GroupedAsync(session, settings.Connection, events, map, ct).ConfigureAwait(false) : [];
        var ids = events.Select(e => e.Id).Distinct().ToArray();
        known.UnionWith(await session.QueryAsync(Told(session, settings.Connection, ids, at), row => row.GetString(0), ct).ConfigureAwait(false));
        var positions = events.Where(e => e.Type == SourceEventType.Position && compared && map.Sku(e.Item) is not null
            && (settings.Ordering != SourceOrdering.Sequence || e.Sequence is not null)).ToList();
        if (positions.Count > 0)
        {
            known.UnionWith(await LastPositionsAsync(session, settings, positions, map, ct).ConfigureAwait(false));
        }

        return known;
    }

    /// <summary>
    /// Looks which of these ids were told: booked, kept, or waiting by themselves. Each is looked for by itself and by its
    /// key, whatever the planner knows: while a source's past is booked, keys grow by a million in minutes, and a join planned
    /// for the few of the last count read all of them for every call. So did a look at what waits, for its state is asked last.
    /// </summary>
    internal static NpgsqlBatchCommand Told(StorageSession session, ConnectionId connection, string[] ids, DateTimeOffset at) => session.Of(
        """
        SELECT k.id FROM unnest($3::text[], $4::text[]) AS k (id, key) CROSS JOIN LATERAL (
          SELECT FROM movement_keys m WHERE m.tenant_id = $1 AND m.movement_key = k.key LIMIT 1) AS booked
        UNION
        SELECT k.id FROM unnest($3::text[]) AS k (id) CROSS JOIN LATERAL (
          SELECT FROM held_events h WHERE h.tenant_id = $1 AND h.connection_id = $2 AND h.event_id = k.id LIMIT 1) AS held
        UNION
        SELECT k.id FROM unnest($3::text[]) AS k (id) CROSS JOIN LATERAL (
          SELECT i.state FROM inbox i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.webhook_id = k.id
            AND i.received_day BETWEEN $5 AND $6 OFFSET 0) AS waiting
        WHERE waiting.state = 0
        """,
        Sql.P(connection.Value), Sql.P(ids), Sql.P(Array.ConvertAll(ids, id => SourceBodies.KeyOf(connection, id))), Sql.P(Yesterday(at)), Sql.P(DayOf(at)));

    /// <summary>Ids of positions that are the last ones booked: no key of theirs is kept beside.</summary>
    private static Task<List<string>> LastPositionsAsync(
        StorageSession session, SourceSettings settings, IReadOnlyList<SourceEvent> positions, SourceMap map, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT k.id FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[]) AS k (id, key, sku, place, version)
            JOIN source_positions p ON p.tenant_id = $1 AND p.connection_id = $2 AND p.sku_id = k.sku AND p.place = k.place
              AND p.fact_key = k.key AND p.version = k.version
            """,
            Sql.P(settings.Connection.Value), Sql.Column(positions, e => e.Id), Sql.Column(positions, e => SourceBodies.KeyOf(settings.Connection, e.Id)),
            Sql.Column(positions, e => map.Sku(e.Item)!.Value), Sql.Column(positions, e => e.Place),
            Sql.Column(positions, e => SourceBodies.VersionOf(settings, e))),
        row => row.GetString(0), ct);

    /// <summary>Ids of events of these SKUs that wait together with others.</summary>
    private static async Task<HashSet<string>> GroupedAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> events, SourceMap map, CancellationToken ct)
    {
        var waiting = await session.QueryAsync(
            Waiting(session, connection, events.Select(e => map.Sku(e.Item)).OfType<long>().Distinct()),
            row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0), ct).ConfigureAwait(false);
        if (waiting.Count == 0)
        {
            await session.ExecuteAsync(
                session.Of("UPDATE sources SET groups_wait = false WHERE tenant_id = $1 AND connection_id = $2", Sql.P(connection.Value)), ct).ConfigureAwait(false);
        }

        var prefix = SourceBodies.KeyOf(connection, "");
        return waiting.OfType<byte[]>().SelectMany(body => SourceContents.Read<SourceEventBody[]>(body)).Select(told => told.Key[prefix.Length..])
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// Looks what of a source waits together with others: a row each, with its body where it tells of one of these SKUs. In the
    /// order of what waits, and no more than may; and of no day, for while next to nothing waited when statistics were taken,
    /// the planner would read the whole day by its key to find it: half a second of each call, and more with every event.
    /// </summary>
    internal static NpgsqlBatchCommand Waiting(StorageSession session, ConnectionId connection, IEnumerable<long> skus) => session.Of(
        """
        SELECT CASE WHEN split_part(w.webhook_id, ':', -2) = ANY ($4) THEN w.body END
        FROM (
          SELECT connection_id, content, webhook_id, body FROM inbox
          WHERE tenant_id = $1 AND state = 0 ORDER BY next_attempt_at, event_id LIMIT 20000) AS w
        WHERE w.connection_id = $2 AND w.content = $3
        """,
        Sql.P(connection.Value), Sql.P(SourceContents.Events), Sql.P(skus.Select(SourceGroups.Mark).ToArray()));

    /// <summary>A day by which the inbox is divided: events that wait for longer than to the next day's end are found when they are booked.</summary>
    private static DateOnly DayOf(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    private static DateOnly Yesterday(DateTimeOffset at) => DayOf(at).AddDays(-1);
}
