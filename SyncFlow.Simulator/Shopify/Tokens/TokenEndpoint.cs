using System.Text.Json;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Tokens;

/// <summary>
/// Shopify's token endpoint: exchange of session tokens for expiring offline tokens, and their refresh. Refusals are
/// OAuth's: 400 with an error code.
/// </summary>
internal sealed class TokenEndpoint(World world, SessionTokens sessions, string clientId, string clientSecret)
{
    private const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string IdToken = "urn:ietf:params:oauth:token-type:id_token";
    private const string Offline = "urn:shopify:params:oauth:token-type:offline-access-token";

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/shopify/{shop}/admin/oauth/access_token", PostAsync);
        routes.MapPost("/sandbox/stores/{shop}/session-token", (string shop, UserRequest? request) => world.Find(shop) is { } store
            ? Results.Ok(new { token = sessions.Make(store, request?.UserId ?? "1", world.NewId(), world.Clock.GetUtcNow()) })
            : Control.Refusals.NoStore(shop));
    }

    /// <param name="UserId">The staff member who opens the app.</param>
    internal sealed record UserRequest(string? UserId = null);

    private async Task PostAsync(HttpContext http, string shop)
    {
        world.Stats.Count("tokenCalls");
        if (world.Find(shop) is not { } store)
        {
            await Results.NotFound().ExecuteAsync(http);
            return;
        }

        if (store.Faults.ApiDelayMaxMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(world.Draw(store.Faults.ApiDelayMinMs, store.Faults.ApiDelayMaxMs)), world.Clock);
        }

        if (store.Faults.Outage || store.Faults.Frozen || store.Faults.Locked)
        {
            await Results.StatusCode(store.Faults.Outage ? 503 : store.Faults.Frozen ? 402 : 423).ExecuteAsync(http);
            return;
        }

        var (pair, error) = Answer(store, await ReadAsync(http));
        if (world.Journal is { } journal)
        {
            await journal.FlushAsync();
        }

        if (pair is not null && world.Draw() < store.Faults.LostAnswerRate)
        {
            world.Stats.Count("tokens.lostAnswer");
            http.Abort();
            return;
        }

        await (pair is null ? Results.Json(new Dictionary<string, string> { ["error"] = error }, statusCode: 400) : Told(store, pair)).ExecuteAsync(http);
    }

    private (AppTokenPair? Pair, string Error) Answer(Shop shop, Dictionary<string, string>? request)
    {
        string Field(string name) => request?.GetValueOrDefault(name) ?? "";
        lock (shop.Gate)
        {
            var now = world.Clock.GetUtcNow();
            var refusal = request is null ? "invalid_request"
                : Field("client_id") != clientId ? "application_cannot_be_found"
                : Field("client_secret") != clientSecret ? "invalid_client"
                : null;
            var (pair, error) = refusal is not null ? (null, refusal) : Field("grant_type") switch
            {
                Exchange => Exchanged(shop, Field, now),
                "refresh_token" => (Refreshed(shop, Field("refresh_token"), now), "invalid_grant"),
                _ => (null, "unsupported_grant_type"),
            };
            world.Stats.Count(pair is null ? "tokens.refused" : Field("grant_type") == Exchange ? "tokens.exchanged" : "tokens.refreshed");
            if (pair is not null)
            {
                world.Journal?.Append("access", shop, shop.Access);
            }

            return (pair, error);
        }
    }

    private (AppTokenPair? Pair, string Error) Exchanged(Shop shop, Func<string, string> field, DateTimeOffset now) =>
        field("subject_token_type") != IdToken || field("requested_token_type") != Offline || field("expiring") != "1" ? (null, "invalid_request")
        : !shop.Installed || !sessions.Holds(field("subject_token"), shop, now) ? (null, "invalid_subject_token")
        : (shop.Access.Issue(now, Secret), "");

    private AppTokenPair? Refreshed(Shop shop, string refresh, DateTimeOffset now) =>
        shop.Installed && !shop.Faults.TokenRevoked ? shop.Access.Refresh(refresh, now, Secret) : null;

    private string Secret() => $"{world.NewId():N}";

    private static IResult Told(Shop shop, AppTokenPair pair) => Results.Json(new Dictionary<string, object>
    {
        ["access_token"] = pair.Access,
        ["scope"] = string.Join(',', shop.Scopes.Order(StringComparer.Ordinal)),
        ["expires_in"] = (int)AppAccess.AccessLife.TotalSeconds,
        ["refresh_token"] = pair.Refresh,
        ["refresh_token_expires_in"] = (int)AppAccess.RefreshLife.TotalSeconds,
    });

    /// <summary>The members of the body that are texts; null where it is no JSON object.</summary>
    private static async Task<Dictionary<string, string>?> ReadAsync(HttpContext http)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, default, http.RequestAborted);
            return body.RootElement.ValueKind != JsonValueKind.Object
                ? null
                : body.RootElement.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.String)
                    .ToDictionary(member => member.Name, member => member.Value.GetString()!);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
