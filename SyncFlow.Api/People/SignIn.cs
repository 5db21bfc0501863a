using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.People;

/// <summary>The way in for people: a link by mail, and the session it opens.</summary>
internal sealed class SignIn : IEndpoint
{
    /// <summary>Before the tokens of sessions.</summary>
    public const string Kind = "sfs_";

    private static readonly TimeSpan SessionLife = TimeSpan.FromHours(12);

    private static readonly TimeSpan BusyWait = TimeSpan.FromSeconds(5);

    internal sealed record LinkRequest(string? Email);

    /// <param name="Token">What stands behind <c>#token=</c> in the link.</param>
    /// <param name="Bearer">Whether the session's token is wanted in the answer; else it is set as a cookie.</param>
    internal sealed record SessionRequest(string? Token, bool Bearer = false);

    /// <param name="Token">For <c>Authorization: Bearer</c>; null where it was set as a cookie.</param>
    /// <param name="CsrfToken">For <c>X-CSRF-Token</c> of requests that change something, with a cookie.</param>
    internal sealed record Session(string Name, string Role, DateTimeOffset ExpiresAt, string? Token, string CsrfToken);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/auth/links", Ask).OpenToAnyone()
            .WithName("AskForLink").WithTags("Signing in")
            .WithSummary("Sends a link to an address, if people have it. The answer is the same whether they do.");
        routes.MapPost("/auth/sessions", OpenAsync).OpenToAnyone().AnswersSecret()
            .WithName("OpenSession").WithTags("Signing in").WithSummary("Uses a link up and opens a session, by cookie or as a bearer token.");
        routes.MapDelete("/auth/sessions/current", CloseAsync).OpenToCallers()
            .WithName("CloseSession").WithTags("Signing in").WithSummary("Closes the session that asks.");
    }

    private static Results<Accepted, Refused> Ask(LinkRequest request, Links links, LinkQueue queue)
    {
        if (!Mailer.IsAddress(request.Email))
        {
            return (Refused)Problem.Invalid("email", "One mail address.");
        }

        if (!links.CanSend)
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "This installation sends no mail; an API key opens it.");
        }

        return queue.TryAsk(request.Email!)
            ? TypedResults.Accepted((string?)null)
            : (Refused)new Problem(ProblemKind.TooManyRequests, "Very many ask for a link just now.") { RetryAfter = BusyWait };
    }

    private static async Task<Results<Ok<Session>, Refused>> OpenAsync(
        SessionRequest request, HttpContext context, SignInStore store, MemberDesk members, TimeProvider time, CancellationToken ct)
    {
        if (request.Token is not { Length: > 0 and <= Secrets.Longest } token)
        {
            return (Refused)Problem.Invalid("token", "What stands behind '#token=' in the link.");
        }

        if (await store.TakeLinkAsync(Secrets.Hash(token), ct).ConfigureAwait(false) is not var (tenant, id)
            || await members.FindAsync(tenant, id, ct).ConfigureAwait(false) is not { } member)
        {
            return (Refused)new Problem(ProblemKind.Unauthorized, "This link is not known, was used, or has expired: ask for a new one.");
        }

        var secret = Secrets.Make(Kind);
        var expiresAt = time.GetUtcNow() + SessionLife;
        await store.OpenAsync(tenant, id, new NewSession(Secrets.Hash(secret), Origins.Of(context), expiresAt), ct).ConfigureAwait(false);
        if (!request.Bearer)
        {
            BrowserSession.Give(context.Response, secret, SessionLife);
        }

        return TypedResults.Ok(new Session(member.Email ?? member.Name, member.Role, expiresAt, request.Bearer ? secret : null, BrowserSession.TokenFor(secret)));
    }

    private static async Task<Results<NoContent, Refused>> CloseAsync(HttpContext context, Caller caller, SignInStore store, CancellationToken ct)
    {
        if (caller.Kind is not (CallerKind.Member or CallerKind.Entered))
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "An API key is no session; take it back instead.");
        }

        await store.CloseAsync(caller.Tenant, Secrets.Hash(caller.Secret), ct).ConfigureAwait(false);
        BrowserSession.Take(context.Response);
        return TypedResults.NoContent();
    }
}
