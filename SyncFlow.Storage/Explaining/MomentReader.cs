using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Buffers;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Preorders;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>Settings and levels as they were at a moment, from their histories.</summary>
internal static class MomentReader
{
    /// <summary>Rows of a level's history that are read, newest first.</summary>
    public const int MostRows = 20;

    public sealed record Place(LocationId Id, string Code);

    /// <param name="Places">The locations it is mapped to.</param>
    public sealed record Channel(ConnectionId Id, string Name, string Kind, double SettleSeconds, long[] Places);

    public sealed record Opening(LocationId Location, bool Opened, int SetAside);

    public sealed record Setting(string Subject, long SubjectId, string Json, SettingsVersion Version);

    public sealed record LevelRow(
        LevelId Level, ListingId Listing, ConnectionId Connection, LocationId Location, LevelRecord Record, int UnitsPerSale, bool SoldAsParts);

    public static NpgsqlBatchCommand Places(StorageSession session) =>
        session.Of("SELECT location_id, code FROM locations WHERE tenant_id = $1");

    public static Place ReadPlace(NpgsqlDataReader row) => new(new LocationId(row.GetInt64(0)), row.GetString(1));

    public static NpgsqlBatchCommand Channels(StorageSession session) =>
        session.Of(
            """
            SELECT c.connection_id, c.name, c.kind, c.settle_seconds, ARRAY(
              SELECT l.location_id FROM channel_locations l
              WHERE l.tenant_id = $1 AND l.connection_id = c.connection_id AND l.active AND l.location_id IS NOT NULL ORDER BY 1)
            FROM connections c WHERE c.tenant_id = $1
            """);

    public static Channel ReadChannel(NpgsqlDataReader row) =>
        new(new ConnectionId(row.GetInt64(0)), row.GetString(1), row.GetString(2), row.GetDouble(3), row.GetFieldValue<long[]>(4));

    /// <summary>Which pools of a SKU were opened, and what was aside in them: the newest word on each up to the moment.</summary>
    public static NpgsqlBatchCommand Openings(StorageSession session, SkuId sku, DateTimeOffset at) => session.Of(
        """
        SELECT DISTINCT ON (location_id) location_id, opened, set_aside FROM pool_openings
        WHERE tenant_id = $1 AND sku_id = $2 AND at <= $3 ORDER BY location_id, opening_id DESC
        """,
        Sql.P(sku.Value), Sql.P(at));

    public static Opening ReadOpening(NpgsqlDataReader row) => new(new LocationId(row.GetInt64(0)), row.GetBoolean(1), row.GetInt32(2));

    /// <summary>Settings in force at the moment; for a moment before the first that is known, the first.</summary>
    public static NpgsqlBatchCommand Settings(StorageSession session, SkuId sku, DateTimeOffset at) => session.Of(
        """
        SELECT DISTINCT ON (subject, subject_id) subject, subject_id, settings::text, setting_id, at
        FROM (
          SELECT * FROM setting_history WHERE tenant_id = $1 AND subject = 'sku' AND subject_id = $2
          UNION ALL SELECT * FROM setting_history WHERE tenant_id = $1 AND subject = 'buffer' AND subject_id = $2 AND at <= $3
          UNION ALL SELECT * FROM setting_history WHERE tenant_id = $1 AND subject IN ('brake', 'source', 'billing') AND at <= $3
          UNION ALL SELECT * FROM setting_history WHERE tenant_id = $1 AND subject IN ('location', 'connection')) s
        ORDER BY subject, subject_id, at <= $3 DESC,
          CASE WHEN at <= $3 THEN setting_id END DESC, setting_id
        """,
        Sql.P(sku.Value), Sql.P(at));

    public static Setting ReadSetting(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), new SettingsVersion(row.GetInt64(3), row.Moment(4)));

    /// <summary>The levels of a SKU with the newest rows of their histories up to the moment.</summary>
    public static NpgsqlBatchCommand Levels(StorageSession session, SkuId sku, DateTimeOffset at) => session.Of(
        """
        SELECT l.level_id, l.listing_id, l.connection_id, l.location_id, h.at, h.cause, h.status, h.mode, h.belief, h.target,
          h.observed, h.read_at, h.suspense, h.surplus, h.unverified, h.push_id, h.in_flight_from, h.in_flight, h.sold_total,
          h.put_back_total, h.pushed_total, h.parked, h.owed, h.lag_reserve, h.filled, h.open_claims, h.adopted, n.units_per_sale, EXISTS (
            SELECT FROM channel_items i WHERE i.tenant_id = $1 AND i.connection_id = n.connection_id AND i.variant_ref = n.variant_ref
              AND i.is_bundle)
        FROM listing_levels l JOIN listings n USING (tenant_id, listing_id) CROSS JOIN LATERAL (
          SELECT * FROM level_history x WHERE x.tenant_id = $1 AND x.level_id = l.level_id AND x.at <= $3
          ORDER BY x.at DESC, x.history_id DESC LIMIT $4) h
        WHERE l.tenant_id = $1 AND l.sku_id = $2
        ORDER BY l.connection_id, l.location_id, l.level_id, h.at DESC, h.history_id DESC
        """,
        Sql.P(sku.Value), Sql.P(at), Sql.P(MostRows));

    public static LevelRow ReadLevel(NpgsqlDataReader row) => new(
        new LevelId(row.GetInt64(0)), new ListingId(row.GetInt64(1)), new ConnectionId(row.GetInt64(2)), new LocationId(row.GetInt64(3)),
        new LevelRecord(
            row.Moment(4), row.GetString(5), (LevelStatus?)row.Nullable<short>(6), (EffectiveMode?)row.Nullable<short>(7),
            row.Nullable<int>(8), row.Nullable<int>(9), row.Nullable<int>(10), row.Nullable<DateTimeOffset>(11), row.GetInt32(12),
            row.GetInt32(13), row.GetInt32(14), row.Nullable<Guid>(15), row.Nullable<int>(16), row.Nullable<int>(17),
            row.Nullable<long>(18), row.Nullable<long>(19), row.Nullable<long>(20), row.Nullable<int>(21), row.Nullable<int>(22),
            row.Nullable<int>(23), row.Nullable<int>(24), row.Nullable<int>(25), row.Nullable<int>(26)),
        row.GetInt32(27), row.GetBoolean(28));

    /// <summary>The settings as the rules take them.</summary>
    public static (SkuPolicy Policy, EngineContext Context, GrowthStops Stops) Interpret(
        TenantId tenant, IReadOnlyList<Setting> settings, IReadOnlyList<Channel> channels)
    {
        var stops = StopsReader.Of(settings, channels);
        var policy = SkuPolicy.Default;
        var locations = ImmutableDictionary.CreateBuilder<LocationId, LocationSettings>();
        var kinds = channels.ToDictionary(c => c.Id);
        var connections = ImmutableDictionary.CreateBuilder<ConnectionId, ChannelSettings>();
        var brakes = new Dictionary<long, BrakeStrength>();
        foreach (var setting in settings)
        {
            using var json = JsonDocument.Parse(setting.Json);
            var root = json.RootElement;
            switch (setting.Subject)
            {
                case "sku":
                    policy = new SkuPolicy(
                        (SharingMode)root.GetProperty("mode").GetInt16(), root.GetProperty("safetyBuffer").GetInt32(),
                        root.GetProperty("riskBudget").GetInt32())
                    {
                        Preorder = PreorderOf(root),
                        RaisesHeld = root.TryGetProperty("raisesHeld", out var held) && held.GetBoolean(), // Rows from before do not say.
                    };
                    break;
                case "location":
                    var location = new LocationId(setting.SubjectId);
                    locations[location] = new LocationSettings(
                        location, root.GetProperty("fulfillsOnline").GetBoolean() && !stops.Closed.Contains(location), root.GetProperty("poolGroup").GetInt32())
                    {
                        SourceBuffer = root.TryGetProperty("sourceBuffer", out var buffer) ? buffer.GetInt32() : 0, // Rows from before have none.
                        SourceFrozen = stops.Holds(location),
                    };
                    break;
                case "connection" when kinds.TryGetValue(new ConnectionId(setting.SubjectId), out var channel):
                    connections[channel.Id] = SettingsOf(channel, root) with { GrowthStopped = stops.Billing is not null };
                    break;
                case "brake":
                    brakes[setting.SubjectId] = (BrakeStrength)root.GetProperty("strength").GetInt16();
                    break;
            }
        }

        return (policy, new EngineContext(
            tenant, connections.ToImmutableDictionary(c => c.Key, c => Braked(c.Value, brakes)), locations.ToImmutable()), stops);
    }

    /// <summary>Which group a SKU was in, and whether its mode was its own; as far as its settings of then say.</summary>
    public static (long? Group, bool ModeSet) MembershipOf(IReadOnlyList<Setting> settings)
    {
        if (settings.FirstOrDefault(s => s.Subject == "sku") is not { } own)
        {
            return (null, false);
        }

        using var json = JsonDocument.Parse(own.Json);
        long? group = json.RootElement.TryGetProperty("groupId", out var id) && id.ValueKind == JsonValueKind.Number ? id.GetInt64() : null;

        // Before there were policies a mode that is not adaptive can only have been set.
        var modeSet = json.RootElement.TryGetProperty("modeSet", out var set)
            ? set.GetBoolean()
            : json.RootElement.GetProperty("mode").GetInt16() != (short)SharingMode.Adaptive;
        return (group, modeSet);
    }

    /// <summary>The buffers that its tier gave its pools then; before the first policy there were none.</summary>
    public static ImmutableDictionary<LocationId, TierBuffer> BuffersOf(IReadOnlyList<Setting> settings) =>
        settings.FirstOrDefault(s => s.Subject == "buffer") is { } buffers
            ? BufferJson.ReadPools(buffers.Json)
            : ImmutableDictionary<LocationId, TierBuffer>.Empty;

    private static Preorder? PreorderOf(JsonElement root) =>
        root.TryGetProperty("preorder", out var preorder) && preorder.ValueKind == JsonValueKind.Object
            ? new Preorder(
                new LocationId(preorder.GetProperty("locationId").GetInt64()), preorder.GetProperty("cap").GetInt32(),
                preorder.GetProperty("incoming").GetInt32(), preorder.GetProperty("until").GetDateTimeOffset())
            : null;

    /// <summary>The stronger of its own freeze and the tenant's is in force.</summary>
    private static ChannelSettings Braked(ChannelSettings channel, Dictionary<long, BrakeStrength> brakes) => channel with
    {
        Brake = (BrakeStrength)Math.Max((short)brakes.GetValueOrDefault(0), (short)brakes.GetValueOrDefault(channel.Connection.Value)),
    };

    private static ChannelSettings SettingsOf(Channel channel, JsonElement root)
    {
        var settings = ConnectionSettings.Parse(root.GetProperty("settings").GetRawText());

        // Where a seller without a cap sells is taken as it is mapped today; what it was is not kept.
        var places = channel.Places.Distinct().ToImmutableDictionary(p => p.ToString(CultureInfo.InvariantCulture), p => new LocationId(p));
        return new ChannelSettings(
            channel.Id, (ConnectionStatus)root.GetProperty("status").GetInt16(), places, null,
            settings.Weight, settings.Priority, [], settings.OwnsOnHand, CompareAndSet: ConnectionKinds.Compares(channel.Kind),
            DeduplicatesWrites: false, channel.SettleSeconds)
        {
            Uncappable = settings.Uncappable,
            Bounded = settings.BoundedBy(channel.SettleSeconds),
        };
    }
}
