using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;

namespace SyncFlow.Storage.Allocation;

/// <summary>Rules as they stand in <c>allocation_policies.rules</c>.</summary>
public static class RuleJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    /// <summary>The text to store.</summary>
    public static string Write(ImmutableArray<ChannelRule> rules) => JsonSerializer.Serialize(
        rules.Select(r => new Row(r.Channel.Value, r.Reserve, r.Minimum, r.Cap, r.Percent, r.Weight, r.Priority)), Options);

    /// <summary>Reads the stored text.</summary>
    /// <exception cref="JsonException">It is not such rules.</exception>
    public static ImmutableArray<ChannelRule> Read(string json)
    {
        var rows = JsonSerializer.Deserialize<Row[]>(json, Options) ?? throw new JsonException("Stored rules are null.");
        return [.. rows.Select(r => new ChannelRule(new ConnectionId(r.ConnectionId))
        {
            Reserve = r.Reserve,
            Minimum = r.Minimum,
            Cap = r.Cap,
            Percent = r.Percent,
            Weight = r.Weight,
            Priority = r.Priority,
        })];
    }

    private sealed record Row(
        long ConnectionId, int Reserve, int Minimum, int? Cap, decimal? Percent, double? Weight, int? Priority);
}
