using System.Globalization;
using System.Text.Json;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>HTTP in front of <see cref="ShopifyApi"/>: tokens, shop states, and the faults of the connection.</summary>
internal sealed class ShopifyEndpoint(World world, ShopifyApi api)
{
    /// <summary>Longest request body read.</summary>
    private const int MaxBody = 4 * 1024 * 1024;

    private static readonly TimeSpan HoldPoll = TimeSpan.FromMilliseconds(20);

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/shopify/{shop}/admin/api/{version}/graphql.json", PostAsync);
        routes.MapGet("/shopify-files/{shop}/bulk-{id:long}.jsonl", File);
    }

    private async Task PostAsync(HttpContext http, string shop, string version)
    {
        world.Stats.Count("apiCalls");
        http.Response.Headers.Date = world.Clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        if (world.Find(shop) is not { } store)
        {
            await RefuseAsync(http, 404, "Not Found");
            return;
        }

        if (Closed(store, http, world.Clock.GetUtcNow()) is var (status, message))
        {
            world.Stats.Count($"apiCalls.{status}");
            await RefuseAsync(http, status, message);
            return;
        }

        if (!ApiVersions.Knows(version))
        {
            await RefuseAsync(http, 404, "Not Found");
            return;
        }

        http.Response.Headers["X-Shopify-API-Version"] = version;
        if (await ReadAsync(http) is not { } request)
        {
            await RefuseAsync(http, 400, "query: Required parameter missing or invalid");
            return;
        }

        var (plan, refusal) = api.Prepare(store, request.Query, request.Variables, request.OperationName);
        if (plan is null)
        {
            world.Stats.Count("apiCalls.refused");
            await WriteAsync(http, refusal);
            return;
        }

        if (api.Throttle(store, plan) is { } throttled)
        {
            await TravelAsync(store.Faults); // A refusal takes the same way as an answer.
            await WriteAsync(http, throttled);
            return;
        }

        await CarryOutAsync(http, store, plan, version);
    }

    private async Task TravelAsync(FaultSettings faults)
    {
        if (faults.ApiDelayMaxMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(world.Draw(faults.ApiDelayMinMs, faults.ApiDelayMaxMs)), world.Clock);
        }
    }

    private async Task CarryOutAsync(HttpContext http, Shop shop, ShopifyApi.Plan plan, string version)
    {
        var faults = shop.Faults;
        var late = plan.IsMutation && world.Draw() < faults.LateArrivalRate;
        var lost = plan.IsMutation && world.Draw() < faults.LostAnswerRate;
        var drop = plan.IsMutation && world.Draw() < faults.NotPersistedRate;
        var delay = late
            ? world.Draw(faults.LateArrivalMinMs, faults.LateArrivalMaxMs)
            : faults.ApiDelayMaxMs > 0 ? world.Draw(faults.ApiDelayMinMs, faults.ApiDelayMaxMs) : 0;
        var claims = new IdempotencyClaims(world, shop, plan);
        if (delay > 0)
        {
            // A request under way holds its key; it is carried out even when its caller has gone.
            claims.Take();
            await Task.Delay(TimeSpan.FromMilliseconds(delay), world.Clock);
        }

        ShopifyApi.Answer answer;
        try
        {
            answer = api.Run(shop, plan, version, $"{http.Request.Scheme}://{http.Request.Host}", claims.Keys, drop);
        }
        finally
        {
            claims.Release();
        }

        if (answer.IsMutation && world.Journal is { } journal)
        {
            await journal.FlushAsync();
        }

        await HoldAsync(http, shop, plan);
        world.Stats.Count("apiCalls.ok");
        if (late || lost)
        {
            world.Stats.Count(late ? "apiCalls.late" : "apiCalls.lostAnswer");
            http.Abort();
            return;
        }

        await WriteAsync(http, answer.Json);
    }

    /// <summary>The mutations that write quantities.</summary>
    private static readonly string[] Writes = ["inventorySetQuantities", "inventoryMoveQuantities", "inventoryAdjustQuantities"];

    /// <summary>Keeps a set's answer back while the shop is told to, or until its caller has gone.</summary>
    private async Task HoldAsync(HttpContext http, Shop shop, ShopifyApi.Plan plan)
    {
        if (!shop.Faults.HoldSetAnswers || !plan.Operation.Selections.OfType<FieldNode>().Any(f => Writes.Contains(f.Name)))
        {
            return;
        }

        world.Stats.Count("answersHeld");
        while (shop.Faults.HoldSetAnswers && !http.RequestAborted.IsCancellationRequested)
        {
            await Task.Delay(HoldPoll, world.Clock, CancellationToken.None);
        }
    }

    /// <summary>Why a shop answers nobody, or not this caller.</summary>
    private static (int Status, string Message)? Closed(Shop shop, HttpContext http, DateTimeOffset now)
    {
        if (shop.Faults.Outage)
        {
            return (503, "Service Unavailable");
        }

        if (!shop.Installed || shop.Faults.TokenRevoked || !Opens(shop, http.Request.Headers["X-Shopify-Access-Token"].ToString(), now))
        {
            return (401, "[API] Invalid API key or access token (unrecognized login or wrong password)");
        }

        return shop.Faults.Frozen ? (402, "Unavailable Shop")
            : shop.Faults.Locked ? (423, "Locked")
            : null;
    }

    private static bool Opens(Shop shop, string token, DateTimeOffset now)
    {
        lock (shop.Gate)
        {
            return token == shop.AccessToken || shop.Access.Opens(token, now);
        }
    }

    private IResult File(string shop, long id)
    {
        if (world.Find(shop) is not { } store)
        {
            return Results.NotFound();
        }

        lock (store.Gate)
        {
            return store.BulkOperations.GetValueOrDefault(id)?.Result is { } file
                ? Results.Bytes(file, "application/jsonl")
                : Results.NotFound();
        }
    }

    private static async Task<Request?> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBody)
        {
            return null;
        }

        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, default, http.RequestAborted);
            var root = body.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("query", out var query) || query.ValueKind != JsonValueKind.String)
            {
                return null;
            }

            return new Request(
                query.GetString()!,
                root.TryGetProperty("variables", out var variables) && variables.ValueKind == JsonValueKind.Object
                    ? variables.Clone()
                    : null,
                root.TryGetProperty("operationName", out var name) ? name.GetString() : null);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task RefuseAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["errors"] = message });
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = json.Length;
        await http.Response.Body.WriteAsync(json, http.RequestAborted);
    }

    private sealed record Request(string Query, JsonElement? Variables, string? OperationName);
}
