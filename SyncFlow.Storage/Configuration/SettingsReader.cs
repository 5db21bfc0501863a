using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Permissions;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Storage.Configuration;

/// <summary>Builds what the rules need of a tenant's configuration, in the transaction that applies them.</summary>
public static class SettingsReader
{
    /// <summary>Reads the configuration of the session's tenant: one round trip, two small queries.</summary>
    public static async Task<EngineContext> ReadAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        await using var batch = session.Batch(Statements(session));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await ReadAsync(reader, session.Tenant, ct).ConfigureAwait(false);
    }

    /// <summary>The two queries, to be part of a larger batch.</summary>
    internal static NpgsqlBatchCommand[] Statements(StorageSession session) =>
    [
        session.Of(
            """
            -- A place that all its channels closed is closed; what a source reports there does not keep it open.
            SELECT l.location_id, l.fulfills_online AND coalesce(bool_or(c.active) FILTER (WHERE s.connection_id IS NULL), true), l.pool_group,
              coalesce(bool_or(s.state = 2), false), l.source_buffer, l.inspect_returns
            FROM locations l LEFT JOIN channel_locations c ON c.tenant_id = l.tenant_id AND c.location_id = l.location_id
              LEFT JOIN sources s ON s.tenant_id = c.tenant_id AND s.connection_id = c.connection_id
            WHERE l.tenant_id = $1 GROUP BY l.tenant_id, l.location_id
            """),
        session.Of(
            """
            SELECT c.connection_id, c.kind, c.status, c.settings::text, c.settle_seconds, c.deduplicates,
              array_agg(l.external_location_id) FILTER (WHERE l.external_location_id IS NOT NULL),
              array_agg(l.location_id) FILTER (WHERE l.external_location_id IS NOT NULL),
              (SELECT coalesce(max(b.strength), 0::smallint) FROM brakes b
               WHERE b.tenant_id = c.tenant_id AND b.connection_id IN (0, c.connection_id)),
              c.reinstalled_at,
              array_agg(l.active) FILTER (WHERE l.external_location_id IS NOT NULL),
              EXISTS (SELECT FROM billing_standing s WHERE s.tenant_id = c.tenant_id AND s.standing = 4),
              -- Most merchants have set none; and what the function does is planned anew by every statement that calls it.
              CASE WHEN EXISTS (SELECT FROM sync_permissions p WHERE p.tenant_id = c.tenant_id)
                THEN sync_permissions_of(c.tenant_id, c.connection_id) END
            FROM connections c LEFT JOIN channel_locations l
              ON l.tenant_id = c.tenant_id AND l.connection_id = c.connection_id AND l.location_id IS NOT NULL
            WHERE c.tenant_id = $1 GROUP BY c.tenant_id, c.connection_id
            """),
    ];

    /// <summary>Reads the two results; the reader stands on the second afterwards.</summary>
    internal static async Task<EngineContext> ReadAsync(NpgsqlDataReader reader, TenantId tenant, CancellationToken ct)
    {
        var locations = await StorageSession.ReadAsync(
            reader,
            row => new LocationSettings(new LocationId(row.GetInt64(0)), row.GetBoolean(1), row.GetInt32(2))
            {
                SourceFrozen = row.GetBoolean(3),
                SourceBuffer = row.GetInt32(4),
                InspectReturns = row.GetBoolean(5),
            },
            ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var channels = await StorageSession.ReadAsync(reader, ReadChannel, ct).ConfigureAwait(false);
        return new EngineContext(
            tenant, channels.ToImmutableDictionary(c => c.Connection), locations.ToImmutableDictionary(l => l.Id));
    }

    private static ChannelSettings ReadChannel(NpgsqlDataReader row)
    {
        var kind = row.GetString(1);
        var settings = ConnectionSettings.Parse(row.GetString(3));
        var places = row.IsDBNull(6)
            ? []
            : row.GetFieldValue<string[]>(6).Zip(row.GetFieldValue<long[]>(7), row.GetFieldValue<bool[]>(10)).ToList();
        ImmutableDictionary<string, LocationId> Mapped(bool active) => places.Where(place => place.Third == active)
            .ToImmutableDictionary(place => place.First, place => new LocationId(place.Second));

        return new ChannelSettings(
            new ConnectionId(row.GetInt64(0)),
            (ConnectionStatus)row.GetInt16(2),
            Mapped(active: true),
            settings.DefaultLocationId is { } location ? new LocationId(location) : null,
            settings.Weight,
            settings.Priority,
            Claiming(kind, settings),
            settings.OwnsOnHand,
            CompareAndSet: ConnectionKinds.Compares(kind),
            row.GetBoolean(5),
            row.GetDouble(4),
            row.Nullable<DateTimeOffset>(9))
        {
            Brake = (BrakeStrength)row.GetInt16(8),
            Uncappable = settings.Uncappable,
            Parks = settings.ParksUnits,
            Bounded = settings.BoundedBy(row.GetDouble(4)),
            Permissions = row.IsDBNull(12) ? SyncPermissions.All : StoreGroupDesk.Of(row.GetFieldValue<short[]>(12)),
            ClosedPlaces = Mapped(active: false),
            GrowthStopped = row.GetBoolean(11),
            IsSource = ConnectionKinds.IsSource(kind),
        };
    }

    private static ImmutableHashSet<string> Claiming(string kind, ConnectionSettings settings)
    {
        if (settings.ClaimingSources is { } given)
        {
            return given.ToImmutableHashSet(StringComparer.Ordinal);
        }

        return kind == ConnectionKinds.Shopify ? ClaimingSources.Shopify : [];
    }
}
