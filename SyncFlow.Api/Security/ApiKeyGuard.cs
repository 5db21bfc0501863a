using System.Security.Cryptography;
using System.Text;
using SyncFlow.Api.Http;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Security;

/// <summary>Lets a request to <c>/api/v1</c> pass only with a known API key (<c>Authorization: Bearer …</c>) that holds the scope of the route.</summary>
internal sealed class ApiKeyGuard(RequestDelegate next)
{
    /// <summary>Longer texts are no keys; they are not even hashed.</summary>
    private const int LongestKey = 512;

    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context, ApiKeyStore keys, Caller caller)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > LongestKey)
        {
            await ProblemMapping.WriteAsync(context, new(ProblemKind.Unauthorized, "Send 'Authorization: Bearer <API key>'.")).ConfigureAwait(false);
            return;
        }

        var key = await keys.FindAsync(Hash(header[Scheme.Length..].Trim()), context.RequestAborted).ConfigureAwait(false);
        if (key is null)
        {
            await ProblemMapping.WriteAsync(context, new(ProblemKind.Unauthorized, "This API key is not known, or has expired.")).ConfigureAwait(false);
            return;
        }

        var needed = Scopes.NeededFor(context);
        if (!Scopes.Holds(key, needed))
        {
            await ProblemMapping.WriteAsync(context, new(ProblemKind.Forbidden, $"This API key has not the scope '{needed}'.")).ConfigureAwait(false);
            return;
        }

        caller.Identify(key);
        await next(context).ConfigureAwait(false);
    }

    /// <summary>What is stored of a key.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
