using SyncFlow.Api.Http;
using SyncFlow.Api.Webhooks;
using SyncFlow.Channels.Shopify;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Shopify;

/// <summary>Who calls with a session token: a staff member of a shop, and the tenant that the shop belongs to.</summary>
/// <param name="Session">The verified claims.</param>
/// <param name="Shop">The shop's connection; null where the app is not installed there yet.</param>
internal sealed record SessionCaller(ShopifySession Session, KnownShop? Shop);

/// <summary>Turns session tokens into callers. The tenant follows from the signed shop, never from the request.</summary>
internal sealed class ShopifySessions(ShopifyAppSettings settings, ShopifySecrets secrets, InstallDesk installs, TimeProvider time)
{
    /// <summary>Header that asks App Bridge to fetch a new token and send the request again.</summary>
    public const string RetryHeader = "X-Shopify-Retry-Invalid-Session-Request";

    /// <summary>The caller, or the refusal; it says why in words that hold nothing of the token.</summary>
    public async Task<(SessionCaller? Caller, Problem? Refusal)> IdentifyAsync(string token, CancellationToken ct)
    {
        if (settings.App is not { } app)
        {
            return (null, new Problem(ProblemKind.Unauthorized, "No Shopify app is configured here: session tokens are not taken."));
        }

        var session = ShopifySessionToken.Verify(token, app.ClientId, secrets.OfApp, time.GetUtcNow(), out var fault);
        return session is null
            ? (null, new Problem(ProblemKind.Unauthorized, $"The session token is refused: {Word(fault)}."))
            : (new SessionCaller(session, await installs.FindAsync(session.Shop, ct).ConfigureAwait(false)), null);
    }

    private static string Word(SessionTokenFault fault) => fault switch
    {
        SessionTokenFault.Malformed => "it is not one",
        SessionTokenFault.WrongAlgorithm => "it is not signed by HS256",
        SessionTokenFault.WrongSignature => "its signature is wrong",
        SessionTokenFault.WrongAudience => "it was made for another app",
        SessionTokenFault.WrongShop => "its issuer and destination are not one shop",
        SessionTokenFault.Expired => "its time is over",
        SessionTokenFault.NotYet => "its time has not come",
    };
}
