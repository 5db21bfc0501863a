using Npgsql;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Operations;

/// <summary>What shoppers may pick up at a location.</summary>
/// <param name="Available">Units; never below zero.</param>
/// <param name="FulfillsOnline">Whether online orders may ship from there as well.</param>
public sealed record PickupView(string Location, string Name, int Available, bool FulfillsOnline);

/// <summary>Availability for pickup: each location by its own pool, for nobody ships units to be picked up elsewhere.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class PickupDesk(NpgsqlDataSource source)
{
    /// <summary>Availability of a SKU at every location that offers pickup, by code.</summary>
    public Task<List<PickupView>> OfSkuAsync(long tenant, long sku, CancellationToken ct)
    {
        // A pool that was never opened is not known to hold anything.
        const string sql =
            $"""
            SELECT l.code, l.name, greatest(0, coalesce(CASE WHEN p.opened THEN {PoolSql.Free} END, 0)), l.fulfills_online
            FROM locations l JOIN skus s ON s.tenant_id = l.tenant_id AND s.sku_id = $2
            LEFT JOIN positions p ON p.tenant_id = l.tenant_id AND p.location_id = l.location_id AND p.sku_id = s.sku_id
            {PoolSql.Buffers}
            WHERE l.tenant_id = $1 AND l.offers_pickup ORDER BY l.code
            """;
        return source.ListAsync(
            tenant, sql, row => new PickupView(row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetBoolean(3)), [sku], ct);
    }
}
