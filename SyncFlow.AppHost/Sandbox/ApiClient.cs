using System.Globalization;
using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>A connection as the API lists it.</summary>
internal sealed record ConnectionView(string Id, string Shop, string Name, string Status)
{
    /// <summary>Whether the connection is published to, so that nothing of its set-up is left to do.</summary>
    public bool IsLive => Status.Equals("live", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A location of the ledger.</summary>
internal sealed record LocationView(string Id, string Code);

/// <summary>A channel's own location.</summary>
/// <param name="ExternalId">The channel's id.</param>
/// <param name="Name">The channel's name for it.</param>
/// <param name="FulfillsOnline">Whether online orders ship from it.</param>
internal sealed record ChannelLocationView(string ExternalId, string Name, bool FulfillsOnline);

/// <summary>How a long task stands.</summary>
internal sealed record RunView(string Status, double? Done, double? Total, string? Message);

/// <summary>What automatic mapping found.</summary>
internal sealed record MappingView(int Mapped, int Ambiguous, int Blank, int Untracked, int Unmatched);

/// <summary>
/// SyncFlow's public API, as far as the sandbox uses it. The sandbox has no other way in: what it can do, any
/// integrator can.
/// </summary>
internal sealed class ApiClient(HttpClient client, string baseUrl, string apiKey, string logFile, TimeProvider time)
{
    private const string Root = "/api/v1";

    /// <summary>Pages read of one list before something must be wrong with its cursor.</summary>
    private const int MostPages = 200;

    /// <summary>SKUs changed in one call.</summary>
    private const int SkusAtOnce = 1_000;

    private readonly JsonCalls calls = new(client, "api", baseUrl, apiKey, logFile, time);

    public async Task<IReadOnlyList<ConnectionView>> ConnectionsAsync(CancellationToken cancellation)
    {
        const string step = "Listing connections";
        var items = await ListAsync(step, $"{Root}/connections", cancellation).ConfigureAwait(false);
        return
        [
            .. items.Select(item => new ConnectionView(
                Need(step, item, "id"), item.Text("shop") ?? "", item.Text("name") ?? "", item.Text("status") ?? "")),
        ];
    }

    /// <summary>Connects a store and returns the connection's id.</summary>
    public async Task<string> ConnectAsync(Store store, CancellationToken cancellation)
    {
        var step = $"Connecting {store.Shop}";
        var body = new JsonObject
        {
            ["kind"] = "shopify",
            ["name"] = store.Name,
            ["shop"] = store.Shop,
            ["accessToken"] = store.AccessToken,
        };
        return Need(step, await calls.PostAsync(step, $"{Root}/connections", body, cancellation).ConfigureAwait(false), "id");
    }

    /// <summary>Opens the app in a store, as a staff member with a session token does; that installs it.</summary>
    /// <returns>Whether it was installed by this.</returns>
    public async Task<bool> InstallAsync(Store store, string sessionToken, CancellationToken cancellation)
    {
        var step = $"Installing the app in {store.Shop}";
        var answer = await As(sessionToken).PostAsync(step, "/shopify/session", [], cancellation).ConfigureAwait(false);
        return answer.Flag("installed") ?? throw calls.Failed(step, "the answer has no 'installed'.");
    }

    /// <summary>Lets a store that installed the app by itself join our account: we invite, its people accept, we confirm.</summary>
    /// <returns>The connection's id here.</returns>
    public async Task<string> JoinAsync(Store store, string sessionToken, CancellationToken cancellation)
    {
        var step = $"Joining {store.Shop}";
        var invited = await calls.PostAsync(step, $"{Root}/store-invitations", new JsonObject { ["shop"] = store.Shop }, cancellation).ConfigureAwait(false);
        var code = new JsonObject { ["code"] = Need(step, invited, "code") };
        await As(sessionToken).PostAsync(step, $"{Root}/store-invitations/accept", code, cancellation).ConfigureAwait(false);
        var id = Need(step, (invited as JsonObject)?["invitation"], "id");
        return Need(step, await calls.PostAsync(step, $"{Root}/store-invitations/{id}/confirm", [], cancellation).ConfigureAwait(false), "id");
    }

    public Task<string?> ImportAsync(string connection, CancellationToken cancellation)
    {
        return BeginAsync("Import", $"{Root}/connections/{connection}/import", [], cancellation);
    }

    /// <param name="connection">The connection's id.</param>
    /// <param name="openingStock">True for the one store whose on-hand opens the ledger.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<string?> BaselineAsync(string connection, bool openingStock, CancellationToken cancellation)
    {
        return BeginAsync(
            "Baseline", $"{Root}/connections/{connection}/baseline", new JsonObject { ["openingStock"] = openingStock }, cancellation);
    }

    public Task<string?> GoLiveAsync(string connection, CancellationToken cancellation)
    {
        return BeginAsync("Going live", $"{Root}/connections/{connection}/go-live", [], cancellation);
    }

    public async Task<RunView> RunAsync(string step, string run, CancellationToken cancellation)
    {
        var answer = await calls.GetAsync(step, $"{Root}/sync-runs/{run}", cancellation).ConfigureAwait(false);
        var progress = (answer as JsonObject)?["progress"];
        return new RunView(Need(step, answer, "status"), progress.Number("done"), progress.Number("total"), answer.Text("message"));
    }

    public async Task<IReadOnlyList<LocationView>> LocationsAsync(CancellationToken cancellation)
    {
        const string step = "Listing locations";
        var items = await ListAsync(step, $"{Root}/locations", cancellation).ConfigureAwait(false);
        return [.. items.Select(item => new LocationView(Need(step, item, "id"), Need(step, item, "code")))];
    }

    public async Task<string> CreateLocationAsync(string code, string name, bool fulfillsOnline, CancellationToken cancellation)
    {
        var step = $"Creating location {code}";
        var body = new JsonObject { ["code"] = code, ["name"] = name, ["fulfillsOnline"] = fulfillsOnline };
        return Need(step, await calls.PostAsync(step, $"{Root}/locations", body, cancellation).ConfigureAwait(false), "id");
    }

    public async Task<IReadOnlyList<ChannelLocationView>> ChannelLocationsAsync(string connection, CancellationToken cancellation)
    {
        const string step = "Listing a store's locations";
        var items = await ListAsync(step, $"{Root}/connections/{connection}/channel-locations", cancellation).ConfigureAwait(false);
        return
        [
            .. items.Select(item => new ChannelLocationView(
                Need(step, item, "externalLocationId"),
                Need(step, item, "name"),
                item.Flag("fulfillsOnline") ?? item.Flag("fulfillsOnlineOrders") ?? true)),
        ];
    }

    public Task MapLocationAsync(string connection, string externalLocation, string location, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["connectionId"] = Id(connection),
            ["externalLocationId"] = externalLocation,
            ["locationId"] = Id(location),
        };
        return calls.PutAsync("Mapping a location", $"{Root}/location-mappings", body, cancellation);
    }

    public async Task<MappingView> AutoMapAsync(string connection, CancellationToken cancellation)
    {
        const string step = "Mapping listings by SKU";
        var body = new JsonObject { ["connectionId"] = Id(connection), ["dryRun"] = false };
        var answer = await calls.PostAsync(step, $"{Root}/listings/auto-map", body, cancellation).ConfigureAwait(false);
        int Count(string member) => ((answer as JsonObject)?[member] as JsonArray)?.Count ?? (int)(answer.Number(member) ?? 0);
        return new MappingView(Count("mapped"), Count("ambiguous"), Count("blank"), Count("untracked"), Count("unmatched"));
    }

    /// <param name="since">Counts and latencies are of what came, and was caused, from here on: by buyers.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<PipelineFigures> PipelineAsync(DateTimeOffset since, CancellationToken cancellation)
    {
        const string step = "Reading the pipeline's figures";
        var answer = await calls.GetAsync(step, $"{Root}/stats/pipeline?since={Moment(since)}&orders=true", cancellation).ConfigureAwait(false);
        return PipelineFigures.Read(answer, member => calls.Failed(step, $"the answer has no '{member}'."));
    }

    /// <summary>Where the time went between orders since a moment and their changes.</summary>
    public async Task<LatencyStages> StagesAsync(DateTimeOffset since, CancellationToken cancellation) => LatencyStages.Read(
        await calls.GetAsync("Reading the stages of latency", $"{Root}/stats/latency?since={Moment(since)}", cancellation).ConfigureAwait(false));

    /// <summary>Codes of SKUs that are shared in another mode than this.</summary>
    public async Task<IReadOnlyList<string>> SkusNotInModeAsync(string mode, CancellationToken cancellation)
    {
        const string step = "Listing SKUs";
        var items = await ListAsync(step, $"{Root}/skus", cancellation).ConfigureAwait(false);
        return [.. items.Where(item => item.Text("mode") != mode).Select(item => Need(step, item, "code"))];
    }

    /// <summary>Whether any SKU is still to be planned again.</summary>
    public async Task<bool> IsReplanningAsync(CancellationToken cancellation)
    {
        foreach (var status in new[] { "queued", "running" })
        {
            var runs = await calls.GetAsync("Looking for runs", $"{Root}/sync-runs?kind=replan&status={status}", cancellation).ConfigureAwait(false);
            if (runs.Items().Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sets the mode of SKUs as changes of at most so many each; where the breaker holds one, it is approved as shown.</summary>
    public async Task SetModesAsync(IEnumerable<string> skus, string mode, CancellationToken cancellation)
    {
        foreach (var part in skus.Chunk(SkusAtOnce))
        {
            var items = part.Select(sku => new JsonObject { ["sku"] = sku, ["mode"] = mode });
            var change = await calls.PostAsync(
                "Setting the mode of SKUs", $"{Root}/changes/sku-policies", new JsonObject { ["why"] = "sandbox", ["items"] = new JsonArray([.. items]) },
                cancellation).ConfigureAwait(false);
            if (change.Text("state") == "waiting")
            {
                var id = change.Text("id");
                await calls.PostAsync(
                    "Approving the mode of SKUs", $"{Root}/changes/{id}/approve", [], cancellation, $"\"{id}-{change.Text("version")}\"").ConfigureAwait(false);
            }
        }
    }

    /// <summary>The failure of a step that the service reported as failed.</summary>
    public SandboxStepException Failed(string step, string why) => calls.Failed(step, why);

    /// <summary>Calls of a staff member of a store.</summary>
    private JsonCalls As(string sessionToken) => new(client, "api", baseUrl, sessionToken, logFile, time);

    /// <summary>Ids are numbers in the API's bodies and names to us.</summary>
    private static JsonNode? Id(string id) => long.TryParse(id, out var number) ? number : id;

    private static string Moment(DateTimeOffset at) => Uri.EscapeDataString(at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));

    private async Task<string?> BeginAsync(string step, string path, JsonObject body, CancellationToken cancellation)
    {
        return (await calls.PostAsync(step, path, body, cancellation).ConfigureAwait(false)).Text("runId");
    }

    private async Task<List<JsonObject>> ListAsync(string step, string path, CancellationToken cancellation)
    {
        var items = new List<JsonObject>();
        string? next = null;
        for (var page = 0; page < MostPages; page++)
        {
            var cursor = next is null ? "" : "?cursor=" + Uri.EscapeDataString(next);
            var answer = await calls.GetAsync(step, path + cursor, cancellation).ConfigureAwait(false);
            items.AddRange(answer.Items());
            next = answer.Text("next");
            if (string.IsNullOrEmpty(next))
            {
                return items;
            }
        }

        throw calls.Failed(step, $"the list did not end within {MostPages} pages.");
    }

    private string Need(string step, JsonNode? answer, string member)
    {
        return answer.Text(member) ?? throw calls.Failed(step, $"the answer has no '{member}'.");
    }
}
