using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>A mapped stock item that is not as its levels have it.</summary>
/// <param name="Present">Whether any variant of it is still in the catalog.</param>
/// <param name="Limit">What limits its sales: the loosest of its variants.</param>
public sealed record ItemDifference(string ItemRef, bool Present, SellingLimit Limit);

/// <summary>
/// Compares what a channel's catalog says of mapped items with what their levels are held to be. A difference becomes a
/// fact, so nothing is lost when a message is: whoever compares next finds it again.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class ItemDifferences(NpgsqlDataSource source)
{
    /// <summary>Most items in one answer; the next look finds the rest.</summary>
    public const int MostAtOnce = 500;

    /// <summary>The differences of one connection.</summary>
    public async Task<List<ItemDifference>> ListAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT s.item_ref, s.present, s.selling_limit FROM (
                  SELECT l.listing_id, l.item_ref, l.active, bool_or(NOT i.archived) AS present,
                    coalesce(max(CASE WHEN NOT i.tracked THEN 2 WHEN i.oversell_allowed THEN 1 ELSE 0 END)
                      FILTER (WHERE NOT i.archived), 0)::smallint AS selling_limit
                  FROM listings l
                  JOIN channel_items i ON i.tenant_id = $1 AND i.connection_id = $2 AND i.item_ref = l.item_ref
                  WHERE l.tenant_id = $1 AND l.connection_id = $2 GROUP BY l.tenant_id, l.listing_id) s
                WHERE s.present <> s.active OR (s.present AND EXISTS (
                  SELECT FROM listing_levels v
                  WHERE v.tenant_id = $1 AND v.listing_id = s.listing_id AND v.selling_limit <> s.selling_limit))
                ORDER BY s.listing_id LIMIT $3
                """,
                Sql.P(connection.Value), Sql.P(MostAtOnce)),
            row => new ItemDifference(row.GetString(0), row.GetBoolean(1), (SellingLimit)row.GetInt16(2)),
            ct).ConfigureAwait(false);
    }
}
