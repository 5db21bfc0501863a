using System.Text.Json;
using SyncFlow.Simulator.Control;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Pricing;

/// <summary>
/// Shopify App Pricing from outside the shops: tokens and events of App Events, the Partner API's active subscription, and
/// for the sandbox's control the page on which merchants choose a plan.
/// </summary>
internal sealed class PricingEndpoints(World world, SimulatorOptions options)
{
    private const int LongestKey = 64;

    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);

    private static readonly TimeSpan MostAhead = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, DateTimeOffset> _tokens = [];

    private readonly Lock _gate = new();

    /// <param name="Plan">Handle of the plan; null where the merchant ends it.</param>
    internal sealed record Choice(string? Plan, int TrialDays = 0);

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/auth/access_token", (JsonElement body) => Token(body));
        routes.MapPost("/app/{version}/events", (HttpRequest request, JsonElement body) => Event(request, body));
        routes.MapPost("/partners/{organisation}/api/{version}/graphql.json", (HttpRequest request, JsonElement body) => Subscription(request, body));
        routes.MapPut("/sandbox/stores/{shop}/plan", (string shop, Choice choice) => Choose(shop, choice));
        routes.MapGet("/sandbox/stores/{shop}/plan", (string shop) => world.Find(shop) is { } store ? Told(store) : Refusals.NoStore(shop));
    }

    private IResult Token(JsonElement body)
    {
        if (Text(body, "client_id") != options.ShopifyClientId || Text(body, "client_secret") != options.ShopifyClientSecret
            || Text(body, "grant_type") != "client_credentials")
        {
            return Results.Json(new { error = "invalid_client" }, statusCode: 401);
        }

        lock (_gate)
        {
            var token = $"{world.NewId():N}";
            _tokens[token] = world.Clock.GetUtcNow() + TokenLife;
            return Results.Json(new Dictionary<string, object> { ["access_token"] = token, ["token_type"] = "Bearer", ["expires_in"] = (int)TokenLife.TotalSeconds });
        }
    }

    private IResult Event(HttpRequest request, JsonElement body)
    {
        var now = world.Clock.GetUtcNow();
        if (request.Headers.UserAgent.Count == 0)
        {
            return Results.Json(new { message = "You do not have permission to access this website" }, statusCode: 403);
        }

        lock (_gate)
        {
            if (!_tokens.TryGetValue(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal), out var ends) || ends <= now)
            {
                return Results.Json(new { message = "Unauthorized" }, statusCode: 401);
            }
        }

        if (Find(Text(body, "shop_id")) is not { } store || Text(body, "event_handle") is not { Length: > 0 } handle
            || Text(body, "idempotency_key") is not { Length: > 0 and <= LongestKey } key
            || !DateTimeOffset.TryParse(Text(body, "timestamp"), System.Globalization.CultureInfo.InvariantCulture, out var at) || at > now + MostAhead
            || !body.TryGetProperty("attributes", out var attributes) || attributes.ValueKind != JsonValueKind.Object)
        {
            return Results.Json(new { message = "shop_id, event_handle, timestamp, idempotency_key or attributes are invalid" }, statusCode: 422);
        }

        if (handle != options.Meter)
        {
            return Results.Accepted(); // An event of the app's own; nobody is billed for it.
        }

        if (!attributes.TryGetProperty("value", out var value) || !value.TryGetInt64(out var units) || units <= 0)
        {
            return Results.Json(new { message = "attributes.value must be greater than 0" }, statusCode: 422);
        }

        return world.Change(store, (_, _) =>
        {
            store.AppPlan.Tell(key, units, at, now);
            world.Journal?.Append("plan", store, store.AppPlan);
            return Results.Accepted();
        });
    }

    private IResult Subscription(HttpRequest request, JsonElement body)
    {
        if (request.Headers["X-Shopify-Access-Token"] != options.PartnerToken)
        {
            return Results.Json(new { errors = new[] { new { message = "Unauthorized" } } }, statusCode: 401);
        }

        var variables = body.TryGetProperty("variables", out var given) ? given : default;
        if (Text(body, "query")?.Contains("activeSubscription(", StringComparison.Ordinal) != true || Text(variables, "appId") != options.PartnerAppId)
        {
            return Results.Json(new { errors = new[] { new { message = "The query or the app is not known" } } });
        }

        return Results.Json(new { data = new { activeSubscription = Find(Text(variables, "shopId")) is { } store ? Active(store) : null } });
    }

    private object? Active(Shop store)
    {
        lock (store.Gate)
        {
            var now = world.Clock.GetUtcNow();
            var cycle = store.AppPlan.Cycle(now);
            return store.AppPlan.Handle is not { } handle ? null : new
            {
                billingPeriod = "EVERY_30_DAYS",
                cancelAtEndOfCycle = false,
                trialEndsAt = store.AppPlan.TrialEndsAt > now ? store.AppPlan.TrialEndsAt : null,
                currentBillingCycle = cycle is { } present ? new { startTime = present.Start, endTime = present.End } : null,
                items = new[] { new { handle }, new { handle = options.Meter } },
            };
        }
    }

    private IResult Choose(string shop, Choice choice) => world.Find(shop) is not { } store ? Refusals.NoStore(shop) : world.Change(store, (_, now) =>
    {
        if (choice.Plan is { Length: > 0 } handle)
        {
            store.AppPlan.Choose(handle, choice.TrialDays, now);
        }
        else
        {
            store.AppPlan.Handle = null;
        }

        world.Journal?.Append("plan", store, store.AppPlan);
        return Results.NoContent();
    });

    private IResult Told(Shop store)
    {
        lock (store.Gate)
        {
            var cycle = store.AppPlan.Cycle(world.Clock.GetUtcNow());
            var billed = store.AppPlan.Events.Where(told => told.Refused is null && told.At >= cycle?.Start).Sum(told => told.Value);
            return Results.Ok(new { Plan = store.AppPlan.Handle, store.AppPlan.TrialEndsAt, CycleEnd = cycle?.End, Billed = billed, store.AppPlan.Events });
        }
    }

    /// <summary>By its global id or its number.</summary>
    private Shop? Find(string? id) => world.Shops.FirstOrDefault(shop =>
        $"gid://shopify/Shop/{shop.Number}" == id || $"{shop.Number}" == id);

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
