using SyncFlow.Core;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>What a source's codes stand for: its items by its own list, else by the merchant's SKUs; its places by the location map.</summary>
internal sealed record SourceMap(IReadOnlyDictionary<string, long> Items, IReadOnlyDictionary<string, long?> Places)
{
    /// <summary>Reads what codes stand for.</summary>
    public static async Task<SourceMap> ReadAsync(
        StorageSession session, ConnectionId connection, IReadOnlyCollection<string> items, IReadOnlyCollection<string> places, CancellationToken ct)
    {
        const string sql =
            """
            SELECT 1, k.code_key, k.sku_id FROM skus k WHERE k.tenant_id = $1 AND k.code_key = ANY ($3)
            UNION ALL
            SELECT 2, i.item_key, i.sku_id FROM source_items i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.item_key = ANY ($3)
            UNION ALL
            SELECT 3, c.external_location_id, c.location_id FROM channel_locations c
            WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.external_location_id = ANY ($4)
            """;
        var rows = await session.QueryAsync(
            session.Of(sql, Sql.P(connection.Value), Sql.P(items.Select(SkuDesk.KeyOf).Distinct().ToArray()), Sql.P(places.Distinct().ToArray())),
            row => (Kind: row.GetInt32(0), Code: row.GetString(1), Id: row.Nullable<long>(2)), ct).ConfigureAwait(false);
        var known = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (_, code, id) in rows.Where(r => r.Kind != 3).OrderBy(r => r.Kind))
        {
            known[code] = id!.Value; // The source's own list comes last and counts.
        }

        return new SourceMap(known, rows.Where(r => r.Kind == 3).ToDictionary(r => r.Code, r => r.Id, StringComparer.Ordinal));
    }

    /// <summary>The SKU of an item, or null.</summary>
    public long? Sku(string item) => Items.TryGetValue(SkuDesk.KeyOf(item), out var sku) ? sku : null;

    /// <summary>Our location of a place, or null.</summary>
    public long? Location(string place) => Places.GetValueOrDefault(place);

    /// <summary>Places nobody heard of; they are shown in the location map, to be mapped.</summary>
    public async Task NoteUnknownAsync(
        StorageSession session, ConnectionId connection, IEnumerable<string> places, DateTimeOffset at, CancellationToken ct)
    {
        var unknown = places.Where(p => !Places.ContainsKey(p)).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0)
        {
            await session.ExecuteAsync(
                session.Of(
                    """
                    INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, updated_at)
                    SELECT $1, $2, p, p, $4 FROM unnest($3::text[]) AS p ON CONFLICT DO NOTHING
                    """,
                    Sql.P(connection.Value), Sql.P(unknown), Sql.P(at)),
                ct).ConfigureAwait(false);
        }
    }
}
