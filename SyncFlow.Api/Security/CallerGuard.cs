using SyncFlow.Api.Http;

namespace SyncFlow.Api.Security;

/// <summary>
/// Lets a request to <c>/api/v1</c> pass only with a known secret (<c>Authorization: Bearer …</c>) whose holder may do
/// what the route needs.
/// </summary>
internal sealed class CallerGuard(RequestDelegate next)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context, CallerCache callers, KeyUses uses, Caller caller)
    {
        var endpoint = context.GetEndpoint() as RouteEndpoint; // What the framework makes for a wrong method is none.
        var rule = endpoint?.Metadata.GetMetadata<RouteRule>();
        if (rule?.Access == RouteAccess.Anyone)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > Secrets.Longest)
        {
            await RefuseAsync(context, ProblemKind.Unauthorized, "Send 'Authorization: Bearer <API key>'.").ConfigureAwait(false);
            return;
        }

        var known = await callers.FindAsync(Secrets.Hash(header[Scheme.Length..].Trim()), context.RequestAborted).ConfigureAwait(false);
        if (known is null)
        {
            await RefuseAsync(context, ProblemKind.Unauthorized, "This API key is not known, or has expired.").ConfigureAwait(false);
            return;
        }

        if (Missing(endpoint, rule, known) is { } missing)
        {
            await RefuseAsync(context, ProblemKind.Forbidden, missing).ConfigureAwait(false);
            return;
        }

        uses.Used(known.Record);
        caller.Identify(known);
        await next(context).ConfigureAwait(false);
    }

    /// <summary>What the caller lacks for a route; null where nothing. An address that leads nowhere lacks nothing.</summary>
    private static string? Missing(RouteEndpoint? endpoint, RouteRule? rule, KnownCaller known) => rule switch
    {
        { Access: RouteAccess.Callers } => null,
        { Permission: { } needed } => known.Permissions.Has(needed) ? null : $"This caller has not the permission '{needed.Text()}'.",
        _ when endpoint is null || known.Permissions.Covers(PermissionSet.Tenant) => null,
        _ => "This route has no rule yet; it is closed.",
    };

    private static Task RefuseAsync(HttpContext context, ProblemKind kind, string detail) =>
        ProblemMapping.WriteAsync(context, new(kind, detail));
}
