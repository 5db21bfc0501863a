using SyncFlow.Api.Http;
using SyncFlow.Api.Webhooks;

namespace SyncFlow.Api.Security;

/// <summary>
/// What every answer tells a browser: take it as what it says it is, run nothing but our own, and show it in no frame
/// but, for pages, that of the store whose admin embeds it.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next, ShopCache shops)
{
    private const string Nothing = "default-src 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        var isPage = context.Request.Path.StartsWithSegments(OpenApi.PagePath);
        var policy = isPage ? $"{OpenApi.PagePolicy}; frame-ancestors {await AncestorsAsync(context).ConfigureAwait(false)}" : Nothing;
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = policy;
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()";
            if (context.Request.IsHttps)
            {
                headers.StrictTransportSecurity = "max-age=63072000; includeSubDomains";
            }

            if (!isPage)
            {
                headers.CacheControl = "no-store";
            }

            return Task.CompletedTask;
        });
        await next(context).ConfigureAwait(false);
    }

    /// <summary>The one store that may frame a page: the connected one that it was opened for. Else nobody.</summary>
    private async ValueTask<string> AncestorsAsync(HttpContext context)
    {
        var shop = context.Request.Query["shop"].ToString();
        return ShopDomain.IsValid(shop) && await shops.FindAsync(shop, context.RequestAborted).ConfigureAwait(false) is not null
            ? $"https://{shop.ToLowerInvariant()} https://admin.shopify.com"
            : "'none'";
    }
}
