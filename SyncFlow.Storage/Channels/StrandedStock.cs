using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>Units at a location whose mapped places are all closed on their channels: nobody can sell them online.</summary>
public sealed record StrandedUnits(long LocationId, string Code, string Name, int Units, int Skus, DateTimeOffset Since);

/// <summary>Finds units that a closed location keeps.</summary>
/// <param name="source">Of the role worker or api.</param>
public sealed class StrandedStock(NpgsqlDataSource source)
{
    /// <summary>All of a tenant, by location.</summary>
    public async Task<List<StrandedUnits>> ListAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT l.location_id, l.code, l.name, sum(p.on_hand)::int, count(*)::int, closed.since
                FROM locations l
                JOIN LATERAL (
                  SELECT max(c.updated_at) AS since FROM channel_locations c
                  WHERE c.tenant_id = $1 AND c.location_id = l.location_id
                    AND NOT EXISTS (SELECT FROM sources s WHERE s.tenant_id = $1 AND s.connection_id = c.connection_id)
                  HAVING NOT bool_or(c.active)) closed ON true
                JOIN positions p ON p.tenant_id = $1 AND p.location_id = l.location_id AND p.on_hand <> 0
                WHERE l.tenant_id = $1 AND l.fulfills_online
                GROUP BY l.location_id, l.code, l.name, closed.since ORDER BY l.location_id
                """),
            row => new StrandedUnits(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetInt32(4), row.Moment(5)),
            ct).ConfigureAwait(false);
    }

    /// <summary>Open incidents of one kind, by key.</summary>
    public async Task<List<string>> OpenIncidentsAsync(TenantId tenant, string kind, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of("SELECT incident_key FROM incidents WHERE tenant_id = $1 AND kind = $2 AND closed_at IS NULL", Sql.P(kind)),
            row => row.GetString(0),
            ct).ConfigureAwait(false);
    }
}
