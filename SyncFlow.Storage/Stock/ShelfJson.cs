using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core.Parking;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// What is parked on a level, as it lies in <c>listing_levels.shelf</c>. Most levels park nothing and have none; what is
/// null is left out, and a 0 is not: being owed nothing is another thing than not parking.
/// </summary>
internal static class ShelfJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    public static string Write(ParkedShelf shelf) => JsonSerializer.Serialize(shelf, Options);

    public static ParkedShelf Read(string json) =>
        JsonSerializer.Deserialize<ParkedShelf>(json, Options) ?? throw new JsonException("A stored shelf is null.");
}
