using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>A source as the API shows it.</summary>
/// <param name="TakenIn">Events that were taken in: those that were mapped later, too.</param>
/// <param name="Waiting">Events that wait to be mapped.</param>
/// <param name="HeardAt">When it was last heard.</param>
internal sealed record SourceFigures(string Id, string Name, long TakenIn, long Repeated, long Waiting, long Refused, string Health, DateTimeOffset? HeardAt);

/// <summary>SyncFlow's public API, as far as the sandbox's sources are set up and looked at by it.</summary>
internal sealed class SourcesClient(HttpClient client, string baseUrl, string apiKey, string logFile, TimeProvider time)
{
    private const string Root = "/api/v1";

    private readonly JsonCalls calls = new(client, "api", baseUrl, apiKey, logFile, time);

    /// <summary>Where tills push to, and with which key.</summary>
    public (string Url, string Key) Access => (baseUrl, apiKey);

    public async Task<IReadOnlyList<SourceFigures>> ListAsync(CancellationToken cancellation)
    {
        var answer = await calls.GetAsync("Listing sources", $"{Root}/sources", cancellation).ConfigureAwait(false);
        return [.. answer.Items().Select(Read)];
    }

    /// <summary>Sets a source up; returns its id.</summary>
    public async Task<string> CreateAsync(
        string kind, string name, string ordering, string strategy, int cadence, bool owns, string[] writes, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["kind"] = kind,
            ["name"] = name,
            ["ordering"] = ordering,
            ["strategy"] = strategy,
            ["cadenceSeconds"] = cadence,
            ["ownsOnHand"] = owns,
            ["writes"] = new JsonArray([.. writes.Select(w => (JsonNode)w)]),
        };
        var answer = await calls.PostAsync($"Setting {name} up", $"{Root}/sources", body, cancellation).ConfigureAwait(false);
        return answer.Text("id") ?? throw calls.Failed($"Setting {name} up", "the answer has no 'id'.");
    }

    /// <summary>Maps places of sources: lines of system, place and our location.</summary>
    public Task MapAsync(IEnumerable<string> lines, CancellationToken cancellation) => calls.PostCsvAsync(
        "Mapping the sources' places", $"{Root}/location-map/csv", "system,place,location\n" + string.Concat(lines.Select(line => line + "\n")), cancellation);

    /// <summary>Has a source asked.</summary>
    public Task PullAsync(string id, string url, string token, bool movements, bool positions, bool pickTasks, CancellationToken cancellation) => calls.PutAsync(
        "Having a source asked", $"{Root}/sources/{id}/pull",
        new JsonObject
        {
            ["url"] = url,
            ["authorization"] = new JsonObject { ["scheme"] = "bearer", ["secret"] = token },
            ["movements"] = movements,
            ["positions"] = positions,
            ["pickTasks"] = pickTasks,
            ["overlap"] = 20,
        },
        cancellation);

    /// <summary>Has it asked now.</summary>
    public Task AskAsync(string id, CancellationToken cancellation) =>
        calls.PostAsync("Asking a source", $"{Root}/sources/{id}/pull/ask", new JsonObject { ["refresh"] = false }, cancellation);

    /// <summary>Whether all of a source's positions were read and booked.</summary>
    public async Task<bool> IsOpenedAsync(string id, CancellationToken cancellation) =>
        (await FilesAsync(id, cancellation).ConfigureAwait(false)).Any(file => file.Text("state") == "applied");

    /// <summary>Positions of a source that were taken in as whole lists.</summary>
    public async Task<long> PositionsAsync(string id, CancellationToken cancellation) =>
        (await FilesAsync(id, cancellation).ConfigureAwait(false)).Sum(file => (long)(file.Number("accepted") ?? 0));

    /// <summary>A SKU's buckets by location.</summary>
    public async Task<IReadOnlyDictionary<string, JsonObject>> StockAsync(string sku, CancellationToken cancellation)
    {
        var answer = await calls.GetAsync("Reading stock", $"{Root}/stock/{Uri.EscapeDataString(sku)}", cancellation).ConfigureAwait(false);
        return answer.Items("locations").ToDictionary(pool => pool.Text("location") ?? "", pool => pool["buckets"] as JsonObject ?? []);
    }

    /// <summary>The failure of a step.</summary>
    public SandboxStepException Failed(string step, string why) => calls.Failed(step, why);

    private async Task<IReadOnlyList<JsonObject>> FilesAsync(string id, CancellationToken cancellation) =>
        [.. (await calls.GetAsync("Reading a source's positions", $"{Root}/sources/{id}/files", cancellation).ConfigureAwait(false)).Items()];

    private static SourceFigures Read(JsonObject item)
    {
        var events = item["events"];
        long Count(string member) => (long)(events.Number(member) ?? 0);
        return new SourceFigures(
            item.Text("id") ?? "", item.Text("name") ?? "", Count("accepted") + Count("held"), Count("repeated"), Count("waiting"), Count("refused"),
            item["health"].Text("health") ?? "-", item.Text("receivedAt") is { } at ? DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture) : null);
    }
}
