using System.Collections;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;

namespace SyncFlow.Storage.Stock;

/// <summary>The parts of the state that are stored as JSON: order snapshots, footprints, and unverified units.</summary>
internal static class StoredJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutWhatSaysNothing } },
        Converters =
        {
            new IdConverter<SkuId>(id => id.Value, value => new SkuId(value)),
            new IdConverter<LocationId>(id => id.Value, value => new LocationId(value)),
            new IdConverter<LevelId>(id => id.Value, value => new LevelId(value)),
        },
    };

    /// <summary>Of a row's many numbers most are 0, and need not be said.</summary>
    private static readonly JsonSerializerOptions OfRows = new(Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    public static string Write(OrderSnapshot snapshot) => JsonSerializer.Serialize(ForStorage(snapshot), Options);

    public static OrderSnapshot ReadSnapshot(string json) =>
        JsonSerializer.Deserialize<OrderSnapshot>(json, Options) ?? throw new JsonException("A stored order snapshot is null.");

    public static string Write(ImmutableArray<FootprintRow> footprint) => JsonSerializer.Serialize(footprint, OfRows);

    public static ImmutableArray<FootprintRow> ReadFootprint(string json) =>
        JsonSerializer.Deserialize<ImmutableArray<FootprintRow>>(json, Options);

    public static string Write(ImmutableArray<BookedKit> kits) => JsonSerializer.Serialize(kits, Options);

    public static ImmutableArray<BookedKit> ReadKits(string json) => JsonSerializer.Deserialize<ImmutableArray<BookedKit>>(json, Options);

    /// <summary>
    /// <c>[[units, ticks], …]</c>: ticks, because settling compares these moments to the last digit; a third number is the level
    /// whose units are sought.
    /// </summary>
    public static string? Write(ImmutableArray<Unverified> unverified)
    {
        if (unverified.IsDefaultOrEmpty)
        {
            return null;
        }

        var text = new StringBuilder("[");
        foreach (var part in unverified)
        {
            text.Append(text.Length > 1 ? "," : "");
            text.Append(CultureInfo.InvariantCulture, $"[{part.Units},{part.At.UtcTicks}");
            text.Append(part.Sought is { } sought ? string.Create(CultureInfo.InvariantCulture, $",{sought.Value}]") : "]");
        }

        return text.Append(']').ToString();
    }

    public static ImmutableArray<Unverified> ReadUnverified(string? json) => json is null
        ? []
        : [.. JsonSerializer.Deserialize<long[][]>(json)!.Select(
            part => new Unverified(
                checked((int)part[0]), new DateTimeOffset(part[1], TimeSpan.Zero), part.Length > 2 ? new LevelId(part[2]) : null))];

    /// <summary>What is read as it was although it is not there: no, none, and nothing in a list. It is a third of an order.</summary>
    private static void LeaveOutWhatSaysNothing(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(p => p is { IsRequired: false, AssociatedParameter: null }))
        {
            property.ShouldSerialize = (_, value) => value is not (null or false or 0 or IList { Count: 0 });
        }
    }

    // An array nobody set throws when it is written; an empty one says the same.
    private static OrderSnapshot ForStorage(OrderSnapshot snapshot) =>
        snapshot.Lines.IsDefault ? snapshot with { Lines = [] } : snapshot;

    private sealed class IdConverter<T>(Func<T, long> read, Func<long, T> make) : JsonConverter<T>
        where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => make(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteNumberValue(read(value));
    }
}
