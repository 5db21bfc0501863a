using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>Reservations as people and integrators see them: by codes, in pages.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class ReservationDesk(NpgsqlDataSource source)
{
    /// <summary>Ids of SKUs by code, in the form codes are compared in; what is not known is left out.</summary>
    public async Task<Dictionary<string, SkuId>> SkusAsync(long tenant, IEnumerable<string> codes, CancellationToken ct)
    {
        var found = await source.ListAsync(
            tenant, "SELECT code_key, sku_id FROM skus WHERE tenant_id = $1 AND code_key = ANY ($2)",
            row => (Key: row.GetString(0), Id: new SkuId(row.GetInt64(1))),
            [codes.Select(SkuDesk.KeyOf).Distinct().ToArray()], ct).ConfigureAwait(false);
        return found.ToDictionary(f => f.Key, f => f.Id, StringComparer.Ordinal);
    }

    /// <summary>Ids of locations by code; what is not known is left out.</summary>
    public async Task<Dictionary<string, LocationId>> LocationsAsync(long tenant, IEnumerable<string> codes, CancellationToken ct)
    {
        var found = await source.ListAsync(
            tenant, "SELECT code, location_id FROM locations WHERE tenant_id = $1 AND code = ANY ($2)",
            row => (Code: row.GetString(0), Id: new LocationId(row.GetInt64(1))),
            [codes.Distinct().ToArray()], ct).ConfigureAwait(false);
        return found.ToDictionary(f => f.Code, f => f.Id, StringComparer.Ordinal);
    }

    /// <summary>Reservations, newest first.</summary>
    public async Task<List<ReservationView>> ListAsync(long tenant, ReservationQuery query, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await ReservationReader.ListAsync(session, query, ct).ConfigureAwait(false);
    }

    /// <summary>One reservation, or null.</summary>
    public async Task<ReservationView?> FindAsync(long tenant, long id, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await ReservationReader.FindAsync(session, id, ct).ConfigureAwait(false);
    }
}
