using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.Api.Security;

/// <summary>
/// A session kept by a browser: a cookie that no script reads and no other site sends. Requests that change something
/// also carry a token that only our own pages can know, since they got it in an answer.
/// </summary>
internal static class BrowserSession
{
    /// <summary>The cookie. Browsers take this prefix only over TLS, for the whole host and without a domain.</summary>
    public const string Cookie = "__Host-syncflow";

    /// <summary>The header with the token against forged requests.</summary>
    public const string Header = "X-CSRF-Token";

    /// <summary>Gives a session to the browser.</summary>
    public static void Give(HttpResponse response, string secret, TimeSpan life) => response.Cookies.Append(Cookie, secret, Options(life));

    /// <summary>Takes it away again.</summary>
    public static void Take(HttpResponse response) => response.Cookies.Delete(Cookie, Options(null));

    /// <summary>The token that belongs to a session; whoever has it cannot tell the session from it.</summary>
    public static string TokenFor(string secret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), "csrf"u8));

    /// <summary>Whether a request that came with a cookie was made by one of our own pages.</summary>
    public static bool IsOwn(HttpRequest request, string secret)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return true; // They change nothing; another site cannot read their answers.
        }

        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == request.Host.Value))
        {
            return false;
        }

        return CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(request.Headers[Header].ToString()), Encoding.UTF8.GetBytes(TokenFor(secret)));
    }

    private static CookieOptions Options(TimeSpan? life) => new()
    {
        HttpOnly = true,
        Secure = true,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        MaxAge = life,
        IsEssential = true,
    };
}
