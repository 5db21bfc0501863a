using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>A place that holds stock.</summary>
/// <param name="PoolGroup">Locations of one group may ship for each other.</param>
/// <param name="OffersPickup">Whether shoppers may pick orders up there, also where it ships no online orders.</param>
/// <param name="InspectReturns">Whether units that a channel's refund puts back there go to inspection first.</param>
/// <param name="Version">Another whenever any of it changes.</param>
public sealed record LocationView(
    long Id, string Code, string Name, bool FulfillsOnline, int PoolGroup, DateTimeOffset CreatedAt, bool OffersPickup,
    bool InspectReturns, int Version);

/// <summary>What may change about a location without moving a level; what is null stays.</summary>
public sealed record LocationDetails(string? Name, bool? OffersPickup, bool? InspectReturns)
{
    /// <summary>Whether nothing is to change.</summary>
    public bool IsEmpty => this is { Name: null, OffersPickup: null, InspectReturns: null };
}

/// <summary>What became of a wish to map a channel's location.</summary>
public enum MappingChange
{
    Done,
    NoSuchChannelLocation,
    NoSuchLocation,

    /// <summary>Another location of the same channel is mapped to that place: two levels would show the same units.</summary>
    LocationTaken,

    /// <summary>Listing levels, or units that a source reported, exist under the present mapping.</summary>
    LevelsExist,
}

/// <summary>Locations and which of the channels' own they stand for.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class LocationDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        "SELECT location_id, code, name, fulfills_online, pool_group, created_at, offers_pickup, inspect_returns, version FROM locations WHERE tenant_id = $1";

    /// <summary>Locations by id.</summary>
    public Task<List<LocationView>> ListAsync(long tenant, string? search, long? after, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::text IS NULL OR code ILIKE $2 OR name ILIKE $2) AND ($3::bigint IS NULL OR location_id > $3)
             ORDER BY location_id LIMIT $4
            """;
        return source.ListAsync(tenant, sql, Read, [TenantSql.Contains(search), after, count], ct);
    }

    /// <summary>One location, or null.</summary>
    public Task<LocationView?> FindAsync(long tenant, long location, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND location_id = $2", Read, [location], ct);

    /// <summary>One location by its code, or null.</summary>
    public Task<LocationView?> FindAsync(long tenant, string code, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND code = $2", Read, [code], ct);

    /// <summary>Creates a location; null where its code is taken.</summary>
    public Task<LocationView?> CreateAsync(
        long tenant, string code, string name, bool fulfillsOnline, int poolGroup, bool offersPickup, bool inspectReturns,
        CancellationToken ct)
    {
        const string sql =
            """
            INSERT INTO locations (tenant_id, code, name, fulfills_online, pool_group, created_at, offers_pickup, inspect_returns)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (tenant_id, code) DO NOTHING
            RETURNING location_id, code, name, fulfills_online, pool_group, created_at, offers_pickup, inspect_returns, version
            """;
        return source.FirstAsync(tenant, sql, Read, [code, name, fulfillsOnline, poolGroup, time.GetUtcNow(), offersPickup, inspectReturns], ct);
    }

    /// <summary>
    /// Changes what is given; null where there is no such location, or it is not as expected any more. Its code never changes:
    /// facts name it. What moves levels goes through the breaker (<see cref="Core.Brakes.LocationChange"/>).
    /// </summary>
    /// <param name="expected">The version that the caller read; null where whatever stands may be changed.</param>
    public async Task<LocationView?> UpdateAsync(long tenant, long location, LocationDetails details, int? expected, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var changed = await UpdateAsync(session, location, details, expected, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed;
    }

    /// <summary>The same together with what else the session does.</summary>
    public static async Task<LocationView?> UpdateAsync(
        StorageSession session, long location, LocationDetails details, int? expected, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(details);
        const string sql =
            """
            UPDATE locations SET name = coalesce($3::text, name), offers_pickup = coalesce($4::bool, offers_pickup),
              inspect_returns = coalesce($5::bool, inspect_returns)
            WHERE tenant_id = $1 AND location_id = $2 AND ($6::int IS NULL OR version = $6)
            RETURNING location_id, code, name, fulfills_online, pool_group, created_at, offers_pickup, inspect_returns, version
            """;
        var changed = await session.QueryAsync(
            session.Of(sql, Sql.P(location), Sql.P(details.Name), Sql.P(details.OffersPickup), Sql.P(details.InspectReturns), Sql.P(expected)), Read, ct)
            .ConfigureAwait(false);
        return changed.SingleOrDefault();
    }

    /// <summary>Maps a channel's own location to one of ours, or to none.</summary>
    public async Task<MappingChange> MapAsync(
        long tenant, long connection, string externalLocation, long? location, CancellationToken ct)
    {
        const string look =
            """
            SELECT c.location_id,
                   $4::bigint IS NULL OR EXISTS (SELECT FROM locations WHERE tenant_id = $1 AND location_id = $4),
                   EXISTS (SELECT FROM channel_locations o WHERE o.tenant_id = $1 AND o.connection_id = $2
                           AND o.location_id = $4 AND o.external_location_id <> $3)
                     AND NOT EXISTS (SELECT FROM sources s WHERE s.tenant_id = $1 AND s.connection_id = $2),
                   EXISTS (SELECT FROM listing_levels v WHERE v.tenant_id = $1 AND v.connection_id = $2 AND v.external_location_id = $3)
                     OR EXISTS (SELECT FROM source_positions p WHERE p.tenant_id = $1 AND p.connection_id = $2 AND p.place = $3 AND p.on_hand <> 0)
            FROM channel_locations c WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.external_location_id = $3
            """;
        const string map =
            """
            UPDATE channel_locations SET location_id = $4, updated_at = $5
            WHERE tenant_id = $1 AND connection_id = $2 AND external_location_id = $3
            """;
        var found = await source.FirstAsync(
            tenant,
            look,
            row => new { Now = row.LongOrNull(0), Known = row.GetBoolean(1), Taken = row.GetBoolean(2), Levels = row.GetBoolean(3) },
            [connection, externalLocation, location],
            ct).ConfigureAwait(false);
        switch (found)
        {
            case null: return MappingChange.NoSuchChannelLocation;
            case { Known: false }: return MappingChange.NoSuchLocation;
            case { Taken: true }: return MappingChange.LocationTaken;
            case { Now: { } now } when now == location: return MappingChange.Done;
            case { Levels: true }: return MappingChange.LevelsExist;
            default: break;
        }

        await source.ExecuteAsync(tenant, map, [connection, externalLocation, location, time.GetUtcNow()], ct).ConfigureAwait(false);
        return MappingChange.Done;
    }

    private static LocationView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetInt32(4), row.Time(5), row.GetBoolean(6),
        row.GetBoolean(7), row.GetInt32(8));
}
