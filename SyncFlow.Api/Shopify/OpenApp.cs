using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Webhooks;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Faults;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Shopify;

/// <summary>
/// Called by the embedded app when a staff member opens it: says who that is, and installs the app where the shop is new
/// or access was lost, by exchanging the session token for an expiring offline token. A session token installs once.
/// </summary>
internal sealed class OpenApp : IEndpoint
{
    /// <param name="TenantId">The merchant account.</param>
    /// <param name="ConnectionId">The store's connection.</param>
    /// <param name="Shop">The store's domain.</param>
    /// <param name="UserId">Shopify's id of the staff member.</param>
    /// <param name="ExpiresAt">When the session token ends; App Bridge gets the next one.</param>
    /// <param name="Status">The connection's status before a resume that was just begun.</param>
    /// <param name="Installed">Whether this call installed the app.</param>
    /// <param name="RunId">The run that resumes a store that was away; null otherwise.</param>
    internal sealed record Answer(
        long TenantId, long ConnectionId, string Shop, string UserId, DateTimeOffset ExpiresAt, ConnectionStatus Status, bool Installed, long? RunId);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/shopify/session", HandleAsync)
        .WithName("OpenShopifyApp").WithTags("Shopify").WithSummary("Identifies the staff member of a session token; installs the app where it is not yet.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(HttpContext context, ShopifySessions sessions, Work work, CancellationToken ct)
    {
        var token = Bearer(context.Request);
        var (caller, refusal) = await sessions.IdentifyAsync(token, ct).ConfigureAwait(false);
        if (caller is null)
        {
            context.Response.Headers[ShopifySessions.RetryHeader] = "1";
            return (Refused)refusal!;
        }

        return caller.Shop is { IsCutOff: false } shop
            ? TypedResults.Ok(Told(caller.Session, shop, installed: false, run: null))
            : await work.InstallAsync(caller.Session, token, ct).ConfigureAwait(false);
    }

    private static Answer Told(ShopifySession session, KnownShop shop, bool installed, long? run) => new(
        shop.Tenant.Value, shop.Connection.Value, session.Shop, session.UserId, session.ExpiresAt, shop.Status, installed, run);

    private static string Bearer(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : "";
    }

    internal sealed class Work(
        ShopifyAppSettings settings, InstallDesk installs, CredentialVault vault, IHttpClientFactory clients, ShopCache shops, WakeUps wakeUps, TimeProvider time)
    {
        /// <summary>Client without redirects: the app's secret must not follow one.</summary>
        public const string HttpClientName = "shopify-tokens";

        public async Task<Results<Ok<Answer>, Refused>> InstallAsync(ShopifySession session, string token, CancellationToken ct)
        {
            if (!await installs.UseAsync(SHA256.HashData(Encoding.UTF8.GetBytes(session.TokenId)), session.ExpiresAt + ShopifySessionToken.ClockTolerance, ct).ConfigureAwait(false))
            {
                return (Refused)new Problem(ProblemKind.Unauthorized, "The session token was used for an install before; open the app again.");
            }

            var tokens = new ShopifyTokens(clients.CreateClient(HttpClientName), settings.App!, time);
            var answer = await tokens.ExchangeAsync(session.Shop, token, ct).ConfigureAwait(false);
            if (!answer.Succeeded)
            {
                return (Refused)Refusal(answer.Fault);
            }

            var (pair, now) = (answer.Value, time.GetUtcNow());
            var credential = new ChannelCredential(pair.AccessToken, pair.RefreshToken, now + pair.ExpiresIn, now + pair.RefreshExpiresIn);
            var access = new GrantedAccess(
                credential, pair.Scopes, (tenant, connection) => vault.Seal(tenant, connection, credential.ToText()), session.UserId);
            var done = await installs.InstallAsync(session.Shop, access, ct).ConfigureAwait(false);
            shops.Forget(session.Shop);
            if (done.Run is not null)
            {
                _ = wakeUps.PublishAsync(WakeUpKind.Runs, done.Shop.Tenant.Value);
            }

            return TypedResults.Ok(Told(session, done.Shop, installed: true, done.Run));
        }

        private static Problem Refusal(ChannelFault fault) => fault.Kind switch
        {
            ChannelFaultKind.Unauthorized => new Problem(ProblemKind.Unauthorized, "Shopify did not take the session token; open the app again."),
            ChannelFaultKind.Rejected => new Problem(ProblemKind.StateConflict, "Shopify does not know this app by its client id and secret; they have to be put right here."),
            _ => new Problem(ProblemKind.ChannelUnavailable, "Shopify does not answer now; nothing was changed.") { RetryAfter = TimeSpan.FromSeconds(2) },
        };
    }
}
