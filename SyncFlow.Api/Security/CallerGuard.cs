using SyncFlow.Api.Http;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Security;

/// <summary>
/// Lets a request to <c>/api/v1</c> pass only with a known secret (<c>Authorization: Bearer …</c>, or a browser's session
/// cookie) whose holder may do what the route needs. What runs then acts in his name.
/// </summary>
internal sealed class CallerGuard(RequestDelegate next)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context, Callers callers, CallerLimits limits, KeyUses uses, Caller caller)
    {
        var endpoint = context.GetEndpoint() as RouteEndpoint; // What the framework makes for a wrong method is none.
        var rule = endpoint?.Metadata.GetMetadata<RouteRule>();
        if (rule?.Access == RouteAccess.Anyone)
        {
            if (limits.TakeStranger(context) is { } wait)
            {
                await RefuseAsync(context, wait).ConfigureAwait(false);
                return;
            }

            await next(context).ConfigureAwait(false);
            return;
        }

        var (secret, byCookie) = SecretOf(context.Request);
        var (known, refused) = await LookUpAsync(context, callers, limits, secret).ConfigureAwait(false);
        if (known is null)
        {
            await ProblemMapping.WriteAsync(context, refused!).ConfigureAwait(false);
            return;
        }

        if (limits.Take(known.Record) is { } later)
        {
            await RefuseAsync(context, later).ConfigureAwait(false);
            return;
        }

        var refusal = byCookie && !BrowserSession.IsOwn(context.Request, secret!)
            ? $"A request with a cookie needs the header {BrowserSession.Header}, and must come from our own pages."
            : Missing(endpoint, rule, known);
        if (refusal is not null)
        {
            await RefuseAsync(context, ProblemKind.Forbidden, refusal).ConfigureAwait(false);
            return;
        }

        uses.Used(known.Record);
        caller.Identify(known, secret!, byCookie);
        Acting.As(new Actor(known.Record.Name, Origins.Of(context), known.Record.Locations));
        await next(context).ConfigureAwait(false);
    }

    /// <summary>What the caller shows; a header counts before a cookie.</summary>
    private static (string? Secret, bool ByCookie) SecretOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.Length == 0 && request.Cookies.TryGetValue(BrowserSession.Cookie, out var cookie))
        {
            return (cookie is { Length: > 0 and <= Secrets.Longest } ? cookie : null, true);
        }

        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header.Length <= Callers.LongestToken
            ? (header[Scheme.Length..].Trim(), false)
            : (null, false);
    }

    /// <summary>What the caller lacks for a route; null where nothing. An address that leads nowhere lacks nothing.</summary>
    private static string? Missing(RouteEndpoint? endpoint, RouteRule? rule, KnownCaller known) => rule switch
    {
        { Access: RouteAccess.Callers } => null,
        { Permission: { } needed } => known.Permissions.Has(needed) ? null : $"This caller has not the permission '{needed.Text()}'.",
        _ when endpoint is null || known.Permissions.Covers(PermissionSet.Tenant) => null,
        _ => "This route has no rule yet; it is closed.",
    };

    /// <summary>Who shows the secret, or what he is told. Guesses beyond the bucket do not reach the database, however many come at once.</summary>
    private static async Task<(KnownCaller? Known, Problem? Refused)> LookUpAsync(HttpContext context, Callers callers, CallerLimits limits, string? secret)
    {
        if (secret is null || !callers.MayBeGuess(secret))
        {
            return await FindAsync().ConfigureAwait(false);
        }

        if (limits.BeginGuess(context, secret) is { } empty)
        {
            return (null, TooMany(empty));
        }

        try
        {
            return await FindAsync().ConfigureAwait(false);
        }
        finally
        {
            limits.EndGuess(context, secret);
        }

        async Task<(KnownCaller?, Problem?)> FindAsync()
        {
            var known = secret is null ? null : await callers.FindAsync(secret, context.RequestAborted).ConfigureAwait(false);
            return known is not null ? (known, null) : (null, Stranger(context, limits, secret is null));
        }
    }

    private static Problem Stranger(HttpContext context, CallerLimits limits, bool showedNothing) => limits.TakeStranger(context) is { } wait
        ? TooMany(wait)
        : new(ProblemKind.Unauthorized, showedNothing ? "Send 'Authorization: Bearer <API key>'." : "This API key or session is not known, or has expired.");

    private static Problem TooMany(TimeSpan wait) => new(ProblemKind.TooManyRequests, "You send more requests than you may.") { RetryAfter = wait };

    private static Task RefuseAsync(HttpContext context, TimeSpan wait) => ProblemMapping.WriteAsync(context, TooMany(wait));

    private static Task RefuseAsync(HttpContext context, ProblemKind kind, string detail) =>
        ProblemMapping.WriteAsync(context, new(kind, detail));
}
