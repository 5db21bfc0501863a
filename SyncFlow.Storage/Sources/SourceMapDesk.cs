using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources.Pulling;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources;

/// <summary>An event that waits.</summary>
public sealed record HeldView(
    long HeldId, long SourceId, string EventId, HeldReason Reason, string Sku, string Location, DateTimeOffset ReceivedAt);

/// <summary>A code that events wait for, and how many.</summary>
public sealed record UnmappedCode(string Kind, string Code, long Events);

/// <summary>A line of the location map: a system's own place, and ours.</summary>
/// <param name="System">Name of the connection.</param>
/// <param name="Place">The system's own code.</param>
/// <param name="Location">Code of ours; null where it is not mapped.</param>
public sealed record LocationMapLine(long ConnectionId, string System, string Kind, string Place, string Name, string? Location, bool? FulfillsOnline);

/// <summary>A wish to map a place.</summary>
public readonly record struct PlaceWish(long Connection, string Place, long Location);

/// <summary>What sources' codes stand for, what waits for that, and starting again after a freeze.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceMapDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Events that wait, oldest first.</summary>
    public Task<List<HeldView>> HeldAsync(long tenant, long id, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT held_id, connection_id, event_id, reason, item_key, place, received_at FROM held_events
        WHERE tenant_id = $1 AND connection_id = $2 AND released_at IS NULL AND ($3::bigint IS NULL OR held_id > $3) ORDER BY held_id LIMIT $4
        """,
        row => new HeldView(
            row.GetInt64(0), row.GetInt64(1), row.GetString(2), (HeldReason)row.GetInt16(3), row.GetString(4), row.GetString(5), row.Time(6)),
        [id, after, count], ct);

    /// <summary>Codes that events wait for, those that most wait for first.</summary>
    public Task<List<UnmappedCode>> UnmappedAsync(long tenant, long id, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT kind, code, events FROM (
          SELECT 'sku' AS kind, item_key AS code, count(*) AS events FROM held_events h
          WHERE h.tenant_id = $1 AND h.connection_id = $2 AND h.released_at IS NULL
            AND NOT EXISTS (SELECT FROM skus k WHERE k.tenant_id = $1 AND k.code_key = h.item_key)
            AND NOT EXISTS (SELECT FROM source_items i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.item_key = h.item_key) GROUP BY 2
          UNION ALL
          SELECT 'location', place, count(*) FROM held_events h
          WHERE h.tenant_id = $1 AND h.connection_id = $2 AND h.released_at IS NULL
            AND NOT EXISTS (SELECT FROM channel_locations c WHERE c.tenant_id = $1 AND c.connection_id = $2
              AND c.external_location_id = h.place AND c.location_id IS NOT NULL) GROUP BY 2) AS waits
        ORDER BY events DESC, kind, code LIMIT $3
        """,
        row => new UnmappedCode(row.GetString(0), row.GetString(1), row.GetInt64(2)), [id, count], ct);

    /// <summary>The location map over all systems, by connection and place.</summary>
    public Task<List<LocationMapLine>> MapAsync(long tenant, (long Connection, string Place)? after, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT m.connection_id, c.name, c.kind, m.external_location_id, m.name, l.code, l.fulfills_online
        FROM channel_locations m JOIN connections c USING (tenant_id, connection_id) LEFT JOIN locations l USING (tenant_id, location_id)
        WHERE m.tenant_id = $1 AND ($2::bigint IS NULL OR (m.connection_id, m.external_location_id) > ($2, $3::text))
        ORDER BY m.connection_id, m.external_location_id LIMIT $4
        """,
        row => new LocationMapLine(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.Text(5),
            row.IsDBNull(6) ? null : row.GetBoolean(6)),
        [after?.Connection, after?.Place, count], ct);

    /// <summary>Connections by name in any case: id, and whether it is a source.</summary>
    public async Task<ILookup<string, (long Id, bool IsSource)>> SystemsAsync(long tenant, CancellationToken ct)
    {
        var rows = await source.ListAsync(
            tenant,
            "SELECT c.name, c.connection_id, s.connection_id IS NOT NULL FROM connections c LEFT JOIN sources s USING (tenant_id, connection_id) WHERE c.tenant_id = $1",
            row => (Name: row.GetString(0), Id: row.GetInt64(1), IsSource: row.GetBoolean(2)), [], ct).ConfigureAwait(false);
        return rows.ToLookup(r => r.Name.Trim(), r => (r.Id, r.IsSource), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Places of sources that units were reported at: they cannot be given to another location any more.</summary>
    public async Task<HashSet<(long Connection, string Place, long Location)>> UsedAsync(long tenant, IReadOnlyList<PlaceWish> wishes, CancellationToken ct)
    {
        var rows = await source.ListAsync(
            tenant,
            """
            SELECT DISTINCT p.connection_id, p.place, p.location_id FROM source_positions p
            WHERE p.tenant_id = $1 AND p.on_hand <> 0 AND (p.connection_id, p.place) IN (SELECT * FROM unnest($2::bigint[], $3::text[]))
            """,
            row => (row.GetInt64(0), row.GetString(1), row.GetInt64(2)),
            [wishes.Select(w => w.Connection).ToArray(), wishes.Select(w => w.Place).ToArray()], ct).ConfigureAwait(false);
        return [.. rows];
    }

    /// <summary>Maps places of sources, known or not; returns how many changed.</summary>
    public Task<int> MapPlacesAsync(long tenant, IReadOnlyList<PlaceWish> wishes, CancellationToken ct) => source.ExecuteAsync(
        tenant,
        """
        INSERT INTO channel_locations AS c (tenant_id, connection_id, external_location_id, name, location_id, updated_at)
        SELECT $1, w.connection, w.place, w.place, w.location, $5 FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS w (connection, place, location)
        ON CONFLICT (tenant_id, connection_id, external_location_id) DO UPDATE SET location_id = excluded.location_id, updated_at = excluded.updated_at
        WHERE c.location_id IS DISTINCT FROM excluded.location_id
        """,
        [
            wishes.Select(w => w.Connection).ToArray(), wishes.Select(w => w.Place).ToArray(), wishes.Select(w => w.Location).ToArray(),
            DatabaseTime.Now(time),
        ],
        ct);

    /// <summary>Says which SKU an item of a source is.</summary>
    public Task<int> MapItemAsync(long tenant, long id, string item, long sku, CancellationToken ct) => source.ExecuteAsync(
        tenant,
        """
        INSERT INTO source_items (tenant_id, connection_id, item_key, item_code, sku_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, connection_id, item_key) DO UPDATE SET sku_id = excluded.sku_id, item_code = excluded.item_code, updated_at = excluded.updated_at
        """,
        [id, SkuDesk.KeyOf(item), item.Trim(), sku, DatabaseTime.Now(time)], ct);

    /// <summary>
    /// Starts a frozen source again: what it reports from now on counts as newer than all before, what was kept is booked,
    /// and SKUs at its places are planned again.
    /// </summary>
    /// <returns>False where it is not frozen, or began too often.</returns>
    public async Task<bool> ResumeAsync(long tenant, long id, CancellationToken ct)
    {
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var resumed = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE sources SET state = 1, state_reason = NULL, state_since = $3, updated_at = $3, beginning = beginning + 1,
                  last_sequence = NULL, last_at = NULL, missing_sequences = 0
                WHERE tenant_id = $1 AND connection_id = $2 AND state = 2 AND beginning < $4
                """,
                Sql.P(id), Sql.P(at), Sql.P(SourceVersions.MostBeginnings)),
            ct).ConfigureAwait(false);
        if (resumed == 0)
        {
            return false;
        }

        await session.ExecuteAsync(PullDesk.Resumed(session, id, at), ct).ConfigureAwait(false);
        await session.ExecuteAsync(CaseRows.CloseIncidents(session, [SourceFreeze.KeyOf(new ConnectionId(id))], at), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
                SELECT DISTINCT $1, 'replan', jsonb_build_object('locationId', location_id), $3::timestamptz FROM channel_locations
                WHERE tenant_id = $1 AND connection_id = $2 AND location_id IS NOT NULL
                """,
                Sql.P(id), Sql.P(at)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }
}
