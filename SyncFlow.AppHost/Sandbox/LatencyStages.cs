using System.Globalization;
using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>Where the time went between orders and acknowledged changes: the answer of <c>GET /api/v1/stats/latency</c> in words.</summary>
/// <param name="All">All changes; null where there were none.</param>
/// <param name="Slowest">The slowest twentieth.</param>
internal sealed record LatencyStages(string? All, string? Slowest)
{
    private static readonly (string Member, string Name)[] Stages =
    [
        ("toLedgerMs", "into the ledger"), ("toPlanMs", "to a plan"), ("refusedMs", "refused tries"), ("toCallMs", "to the call"),
        ("callMs", "the call"),
    ];

    public static LatencyStages Read(JsonNode? node) => new(
        Words((node as JsonObject)?["all"]), Words((node as JsonObject)?["slowest"]));

    private static string? Words(JsonNode? slice)
    {
        if (slice.Number("meanMs") is not > 0 || slice.Number("count") is not > 0)
        {
            return null;
        }

        var mean = slice.Number("meanMs")!.Value;
        var shares = Stages.Select(stage => string.Create(
            CultureInfo.InvariantCulture, $"{stage.Name} {100 * (slice.Number(stage.Member) ?? 0) / mean:0} %"));
        return string.Create(CultureInfo.InvariantCulture, $"mean {mean:N0} ms: {string.Join(", ", shares)}");
    }
}
