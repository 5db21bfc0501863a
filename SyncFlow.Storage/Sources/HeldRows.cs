using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>Rows of <c>held_events</c>.</summary>
internal static class HeldRows
{
    public static NpgsqlBatchCommand Insert(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> events, Func<SourceEvent, HeldReason> reason, DateTimeOffset at) =>
        session.Of(
            """
            INSERT INTO held_events (tenant_id, connection_id, event_id, reason, item_key, place, body, received_at)
            SELECT $1, $2, id, reason, item, place, body, $3
            FROM unnest($4::text[], $5::smallint[], $6::text[], $7::text[], $8::bytea[]) WITH ORDINALITY AS e (id, reason, item, place, body, n)
            ORDER BY n ON CONFLICT DO NOTHING
            """,
            Sql.P(connection.Value), Sql.P(at), Sql.Column(events, e => e.Id), Sql.Column(events, e => (short)reason(e)),
            Sql.Column(events, e => SkuDesk.KeyOf(e.Item)), Sql.Column(events, e => e.Place), Sql.Column(events, SourceContents.Write));

    /// <summary>Events of a source that can be booked now, oldest first.</summary>
    public static NpgsqlBatchCommand Mapped(StorageSession session, ConnectionId connection, int limit) => session.Of(
        """
        SELECT h.held_id, h.body FROM held_events h JOIN sources s USING (tenant_id, connection_id)
        WHERE h.tenant_id = $1 AND h.connection_id = $2 AND h.released_at IS NULL AND s.state = 1
          AND (EXISTS (SELECT FROM source_items i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.item_key = h.item_key)
            OR EXISTS (SELECT FROM skus k WHERE k.tenant_id = $1 AND k.code_key = h.item_key))
          AND EXISTS (SELECT FROM channel_locations c WHERE c.tenant_id = $1 AND c.connection_id = $2
            AND c.external_location_id = h.place AND c.location_id IS NOT NULL)
        ORDER BY h.held_id LIMIT $3
        """,
        Sql.P(connection.Value), Sql.P(limit));

    public static NpgsqlBatchCommand Release(StorageSession session, long[] ids, DateTimeOffset at) => session.Of(
        "UPDATE held_events SET released_at = $3 WHERE tenant_id = $1 AND held_id = ANY ($2)", Sql.P(ids), Sql.P(at));
}
