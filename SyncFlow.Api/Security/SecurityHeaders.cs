using Microsoft.Extensions.Primitives;
using SyncFlow.Api.Http;
using SyncFlow.Api.Webhooks;

namespace SyncFlow.Api.Security;

/// <summary>
/// What every answer tells a browser: take it as what it says it is, run nothing but our own, and show it in no frame
/// but, for pages, that of the store whose admin embeds it.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next, ShopCache shops)
{
    private static readonly StringValues Nothing = "default-src 'none'; frame-ancestors 'none'";
    private static readonly StringValues AsItSays = "nosniff";
    private static readonly StringValues NoReferrer = "no-referrer";
    private static readonly StringValues SameOrigin = "same-origin";
    private static readonly StringValues NoDevices = "camera=(), geolocation=(), microphone=(), payment=()";
    private static readonly StringValues OnlySafely = "max-age=63072000; includeSubDomains";
    private static readonly StringValues NotKept = "no-store";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(OpenApi.PagePath))
        {
            StringValues policy = $"{OpenApi.PagePolicy}; frame-ancestors {await AncestorsAsync(context).ConfigureAwait(false)}";
            context.Response.OnStarting(() =>
            {
                OfAll(context, policy);
                return Task.CompletedTask;
            });
        }
        else
        {
            context.Response.OnStarting(
                static state =>
                {
                    OfData((HttpContext)state);
                    return Task.CompletedTask;
                },
                context);
        }

        await next(context).ConfigureAwait(false);
    }

    /// <summary>Puts them on an answer that is no page.</summary>
    public static void OfData(HttpContext context)
    {
        OfAll(context, Nothing);
        context.Response.Headers.CacheControl = NotKept;
    }

    private static void OfAll(HttpContext context, StringValues policy)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = AsItSays;
        headers.ContentSecurityPolicy = policy;
        headers["Referrer-Policy"] = NoReferrer;
        headers["Cross-Origin-Resource-Policy"] = SameOrigin;
        headers["Permissions-Policy"] = NoDevices;
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = OnlySafely;
        }
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
