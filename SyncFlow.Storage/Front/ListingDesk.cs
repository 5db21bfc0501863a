using System.Data.Common;
using Npgsql;

namespace SyncFlow.Storage.Front;

/// <summary>A SKU as offered on a channel.</summary>
public sealed record ListingView(
    long Id, long ConnectionId, string VariantRef, string ItemRef, string Sku, string? Title, int UnitsPerSale, bool Active,
    int Levels, DateTimeOffset CreatedAt);

/// <summary>Listings.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class ListingDesk(NpgsqlDataSource source)
{
    /// <summary>Listings by id.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connection">Only this connection's.</param>
    /// <param name="sku">Only of the SKU with this code.</param>
    /// <param name="active">Only active or only inactive ones.</param>
    /// <param name="after">Only later ids.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<ListingView>> ListAsync(
        long tenant, long? connection, string? sku, bool? active, long? after, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT l.listing_id, l.connection_id, l.variant_ref, l.item_ref, s.code, i.title, l.units_per_sale, l.active,
                   (SELECT count(*)::int FROM listing_levels v WHERE v.tenant_id = $1 AND v.listing_id = l.listing_id),
                   l.created_at
            FROM listings l JOIN skus s USING (tenant_id, sku_id)
            LEFT JOIN channel_items i USING (tenant_id, connection_id, variant_ref)
            WHERE l.tenant_id = $1 AND ($2::bigint IS NULL OR l.connection_id = $2) AND ($3::text IS NULL OR s.code_key = $3)
              AND ($4::bool IS NULL OR l.active = $4) AND ($5::bigint IS NULL OR l.listing_id > $5)
            ORDER BY l.listing_id LIMIT $6
            """;
        var key = sku is null ? null : SkuDesk.KeyOf(sku);
        return source.ListAsync(tenant, sql, Read, [connection, key, active, after, count], ct);
    }

    private static ListingView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4), row.Text(5), row.GetInt32(6),
        row.GetBoolean(7), row.GetInt32(8), row.Time(9));
}
