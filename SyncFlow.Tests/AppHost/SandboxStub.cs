using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SyncFlow.Tests.AppHost;

/// <summary>
/// A tiny stand-in for the API and the simulator, with the shapes the sandbox driver relies on. It keeps what it was
/// asked to do, so that a test can say in which order things were done.
/// </summary>
internal sealed class SandboxStub : IAsyncDisposable
{
    public const string ApiKey = "sf_test";

    private readonly WebApplication app;

    private readonly JsonArray connections = [];

    private readonly JsonArray locations = [];

    private readonly SortedDictionary<string, string> skus = new() { ["A"] = "shared", ["B"] = "adaptive" };

    private int requestsToRefuse;

    private SandboxStub(WebApplication app) => this.app = app;

    public string Url => app.Urls.First();

    /// <summary>Writes, in order: method, path and the body's telling member.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>What <c>/api/v1/stats/pipeline</c> answers.</summary>
    public JsonObject Pipeline { get; } = new()
    {
        ["eventsPending"] = 0,
        ["eventsApplied"] = 12,
        ["deadLetters"] = 0,
        ["ordersKnown"] = 10,
        ["pushesSent"] = 5,
        ["dirtyLevels"] = 0,
        ["unverifiedLevels"] = 0,
        ["oversoldWhileGuardedUnits"] = 0,
        ["latency"] = new JsonObject { ["acknowledged"] = new JsonObject { ["p50"] = 80.5, ["p95"] = 200, ["p99"] = null, ["count"] = 9 } },
        ["recent"] = new JsonObject { ["seconds"] = 30, ["acknowledged"] = new JsonObject { ["p50"] = 40, ["p95"] = 90, ["p99"] = 95, ["count"] = 4 } },
    };

    /// <summary>What <c>/sandbox/stats</c> answers.</summary>
    public JsonObject World { get; } = new() { ["ordersAccepted"] = 10, ["ordersRefused"] = 1, ["unitsSold"] = 14, ["unitsOversold"] = 0, ["webhooksPending"] = 0 };

    /// <summary>The status of every sync run that is asked for.</summary>
    public string RunStatus { get; set; } = "succeeded";

    /// <summary>The next so many requests find the service away.</summary>
    public void BeAway(int requests) => requestsToRefuse = requests;

    public static async Task<SandboxStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var stub = new SandboxStub(builder.Build());
        stub.app.Use(stub.GuardAsync);
        stub.MapApi();
        stub.MapWorld();
        await stub.app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (Interlocked.Decrement(ref requestsToRefuse) >= 0)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        }

        if (context.Request.Path.StartsWithSegments("/api") && context.Request.Headers.Authorization != "Bearer " + ApiKey)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return context.Response.WriteAsJsonAsync(new { title = "Unknown API key", detail = "The key is not one of this service's." });
        }

        return next(context);
    }

    private void MapApi()
    {
        app.MapGet("/api/v1/connections", () => new JsonObject { ["items"] = connections.DeepClone(), ["next"] = null });
        app.MapPost("/api/v1/connections", (JsonObject body) =>
        {
            Log.Enqueue($"connect {body["shop"]}");
            connections.Add(new JsonObject { ["id"] = connections.Count + 1, ["shop"] = body["shop"]!.DeepClone(), ["name"] = body["name"]!.DeepClone(), ["status"] = "connected" });
            return Results.Json(new { id = connections.Count }, statusCode: StatusCodes.Status201Created);
        });
        app.MapPost("/api/v1/connections/{id}/import", (int id) => Begin($"import {id}"));
        app.MapPost("/api/v1/connections/{id}/baseline", (int id, JsonObject body) => Begin($"baseline {id} opening {body["openingStock"]}"));
        app.MapPost("/api/v1/connections/{id}/go-live", (int id) =>
        {
            connections[id - 1]!["status"] = "live";
            return Begin($"live {id}");
        });
        app.MapGet("/api/v1/sync-runs/{id}", (string id) => new { id, status = RunStatus, progress = new { done = 3, total = 3 }, message = "said the run" });
        app.MapGet("/api/v1/locations", () => new JsonObject { ["items"] = locations.DeepClone(), ["next"] = null });
        app.MapPost("/api/v1/locations", (JsonObject body) =>
        {
            Log.Enqueue($"location {body["code"]}");
            locations.Add(new JsonObject { ["id"] = 100 + locations.Count, ["code"] = body["code"]!.DeepClone() });
            return Results.Json(new { id = 99 + locations.Count }, statusCode: StatusCodes.Status201Created);
        });
        app.MapGet("/api/v1/connections/{id}/channel-locations", (int id) => new
        {
            items = Enumerable.Range(1, id == 1 ? 2 : 1).Select(number => new
            {
                externalLocationId = $"gid-{id}-{number}",
                name = id == 1 ? $"Warehouse {number}" : "Outlet's own name",
                fulfillsOnline = true,
            }),
            next = (string?)null,
        });
        app.MapPut("/api/v1/location-mappings", (JsonObject body) => Log.Enqueue($"map {body["externalLocationId"]} to {body["locationId"]}"));
        app.MapPost("/api/v1/listings/auto-map", (JsonObject body) =>
        {
            Log.Enqueue($"auto-map {body["connectionId"]}");
            return new { mapped = 3, ambiguous = new[] { "A" }, blank = Array.Empty<string>(), untracked = Array.Empty<string>(), unmatched = Array.Empty<string>() };
        });
        app.MapGet("/api/v1/stats/pipeline", () => Pipeline.DeepClone());
        app.MapGet("/api/v1/stats/latency", () => new
        {
            all = new { count = 9, meanMs = 100, toLedgerMs = 50, toPlanMs = 20, refusedMs = 10, toCallMs = 15, callMs = 5 },
            slowest = new { count = 0, meanMs = 0 },
        });
        app.MapGet("/api/v1/skus", () => new { items = skus.Select(s => new { code = s.Key, mode = s.Value }), next = (string?)null });
        app.MapPost("/api/v1/changes/sku-policies", (JsonObject body) =>
        {
            foreach (var item in body["items"]!.AsArray())
            {
                skus[(string)item!["sku"]!] = (string)item["mode"]!;
                Log.Enqueue($"mode of {item["sku"]} {item["mode"]}");
            }

            return Results.Json(new { id = 4, version = 1, state = "waiting" }, statusCode: StatusCodes.Status202Accepted);
        });
        app.MapPost("/api/v1/changes/{id:long}/approve", (long id, HttpRequest request) =>
        {
            Log.Enqueue($"approve {id} as {request.Headers.IfMatch}");
            return new { };
        });
        app.MapGet("/api/v1/sync-runs", () => new { items = Array.Empty<object>(), next = (string?)null });
    }

    private void MapWorld()
    {
        app.MapGet("/sandbox/stores", () => new[]
        {
            new { shop = "main.example", name = "Main store", accessToken = "t1", orders = 6 },
            new { shop = "outlet.example", name = "Outlet", accessToken = "t2", orders = 4 },
        });
        app.MapPost("/sandbox/buyers", (JsonObject body) => Log.Enqueue($"buyers {body["ordersPerSecond"]}"));
        app.MapDelete("/sandbox/buyers", () => Log.Enqueue("no buyers"));
        app.MapGet("/sandbox/stats", () => World.DeepClone());
    }

    private IResult Begin(string what)
    {
        Log.Enqueue(what);
        return Results.Json(new { runId = "r-" + Log.Count }, statusCode: StatusCodes.Status202Accepted);
    }
}
