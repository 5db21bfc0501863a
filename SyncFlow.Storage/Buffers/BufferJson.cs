using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core;
using SyncFlow.Core.Buffers;

namespace SyncFlow.Storage.Buffers;

/// <summary>Tiers as they stand in <c>buffer_policies.tiers</c>, and buffers as they stand in the history of settings.</summary>
internal static class BufferJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The text to store.</summary>
    public static string Write(ImmutableArray<BufferTier> tiers) => JsonSerializer.Serialize(tiers.AsEnumerable(), Options);

    /// <summary>Reads the stored tiers.</summary>
    /// <exception cref="JsonException">They are none.</exception>
    public static ImmutableArray<BufferTier> ReadTiers(string json) =>
        [.. JsonSerializer.Deserialize<BufferTier[]>(json, Options) ?? throw new JsonException("Stored tiers are null.")];

    /// <summary>The buffers of a SKU's pools, for the history.</summary>
    public static string Write(IEnumerable<(LocationId Location, TierBuffer Buffer)> pools) => JsonSerializer.Serialize(
        pools.Select(p => new Row(p.Location.Value, p.Buffer.Tier, p.Buffer.PerDay, p.Buffer.Units, p.Buffer.Percent, p.Buffer.Days)), Options);

    /// <summary>Reads them back.</summary>
    /// <exception cref="JsonException">They are none.</exception>
    public static ImmutableDictionary<LocationId, TierBuffer> ReadPools(string json) =>
        (JsonSerializer.Deserialize<Row[]>(json, Options) ?? throw new JsonException("Stored buffers are null.")).ToImmutableDictionary(
            r => new LocationId(r.Location),
            r => new TierBuffer(r.Tier, r.PerDay) { Units = r.Units, Percent = r.Percent, Days = r.Days });

    private sealed record Row(long Location, string Tier, decimal PerDay, int? Units, decimal? Percent, decimal? Days);
}
