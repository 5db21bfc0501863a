using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SyncFlow.Channels.Shopify;

/// <summary>Who opened the embedded app: the claims of a session token that was verified.</summary>
/// <param name="Shop">The shop's permanent domain, lower case.</param>
/// <param name="UserId">Shopify's id of the staff member.</param>
/// <param name="SessionId">The browser session; null where the token has none.</param>
/// <param name="TokenId">The token's own id (<c>jti</c>), by which it is known to have been used.</param>
/// <param name="ExpiresAt">When the token ends.</param>
public sealed record ShopifySession(string Shop, string UserId, string? SessionId, string TokenId, DateTimeOffset ExpiresAt);

/// <summary>Why a session token is refused, in the order in which it is looked at.</summary>
public enum SessionTokenFault
{
    /// <summary>It is none: three parts of base64url, the first two JSON objects.</summary>
    Malformed,

    /// <summary>It is not signed by HS256, the one algorithm Shopify uses; <c>none</c> is not one.</summary>
    WrongAlgorithm,

    /// <summary>No secret of the app signs it.</summary>
    WrongSignature,

    /// <summary>It was made for another app.</summary>
    WrongAudience,

    /// <summary>Issuer and destination are not the same shop, or no shop at all.</summary>
    WrongShop,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Its time has not come.</summary>
    NotYet,
}

/// <summary>
/// Verifies the session tokens of App Bridge: JWTs signed by HS256 with the app's client secret. The algorithm is
/// pinned, the signature is compared in constant time, and nothing of the token is believed before it holds.
/// </summary>
/// <remarks>Claims and the tolerance of 10 s as Shopify's own library (@shopify/shopify-api 15) checks them.</remarks>
public static partial class ShopifySessionToken
{
    /// <summary>How far Shopify's clock and ours may be apart.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(10);

    /// <summary>Longer texts are no session tokens.</summary>
    public const int LongestToken = 4_096;

    /// <summary>Whether a bearer token has the form of a session token rather than of an API key.</summary>
    public static bool IsOne(string bearer)
    {
        ArgumentNullException.ThrowIfNull(bearer);
        return bearer.Count(letter => letter == '.') == 2;
    }

    /// <summary>Verifies a token.</summary>
    /// <param name="token">As it stands in the <c>Authorization</c> header, without <c>Bearer</c>.</param>
    /// <param name="clientId">The app's client id: whom the token must be made for.</param>
    /// <param name="secrets">The app's client secrets, UTF-8: the present one, and the one before while it counts.</param>
    /// <param name="now">Our clock.</param>
    /// <param name="fault">Why it is refused; holds nothing of the token.</param>
    /// <returns>The session; null where the token is refused.</returns>
    public static ShopifySession? Verify(
        string token, string clientId, IReadOnlyList<byte[]> secrets, DateTimeOffset now, out SessionTokenFault fault)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        ArgumentNullException.ThrowIfNull(secrets);
        fault = SessionTokenFault.Malformed;
        var parts = token.Length > LongestToken ? [] : token.Split('.');
        if (parts.Length != 3 || Decode(parts[0]) is not { } head || Decode(parts[1]) is not { } body || Decode(parts[2]) is not { } signature)
        {
            return null;
        }

        try
        {
            using var header = JsonDocument.Parse(head);
            if (Text(header.RootElement, "alg") != "HS256")
            {
                fault = SessionTokenFault.WrongAlgorithm;
                return null;
            }

            if (!Signs(secrets, token.AsSpan(0, parts[0].Length + 1 + parts[1].Length), signature))
            {
                fault = SessionTokenFault.WrongSignature;
                return null;
            }

            using var claims = JsonDocument.Parse(body);
            return Read(claims.RootElement, clientId, now, out fault);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ShopifySession? Read(JsonElement claims, string clientId, DateTimeOffset now, out SessionTokenFault fault)
    {
        fault = SessionTokenFault.Malformed;
        if (Text(claims, "sub") is not { Length: > 0 } user || Text(claims, "jti") is not { Length: > 0 } id
            || Moment(claims, "exp") is not { } expires || Moment(claims, "nbf") is not { } begins)
        {
            return null;
        }

        if (Text(claims, "aud") != clientId)
        {
            fault = SessionTokenFault.WrongAudience;
            return null;
        }

        if (Host(Text(claims, "dest"), "") is not { } shop || Host(Text(claims, "iss"), "/admin") != shop)
        {
            fault = SessionTokenFault.WrongShop;
            return null;
        }

        if (now >= expires + ClockTolerance)
        {
            fault = SessionTokenFault.Expired;
            return null;
        }

        if (now < begins - ClockTolerance)
        {
            fault = SessionTokenFault.NotYet;
            return null;
        }

        return new ShopifySession(shop, user, Text(claims, "sid"), id, expires);
    }

    /// <summary>The shop of an address that is <c>https://{shop}</c> and a path; null for any other.</summary>
    private static string? Host(string? address, string path) =>
        address is not null && ShopAddress().Match(address) is { Success: true } match && match.Groups[2].Value.TrimEnd('/') == path
            ? match.Groups[1].Value.ToLowerInvariant()
            : null;

    private static bool Signs(IReadOnlyList<byte[]> secrets, ReadOnlySpan<char> signed, ReadOnlySpan<byte> signature)
    {
        var text = Encoding.ASCII.GetBytes(signed.ToString());
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var found = false;
        foreach (var secret in secrets.Where(secret => secret.Length > 0))
        {
            HMACSHA256.HashData(secret, text, expected);
            found |= CryptographicOperations.FixedTimeEquals(expected, signature);
        }

        return found;
    }

    private static byte[]? Decode(string part)
    {
        try
        {
            // The decoder passes over white space; a token has none.
            return part.Length > 0 && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
                ? Base64Url.DecodeFromChars(part)
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.ValueKind == JsonValueKind.Object && claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>Seconds since 1970; only a number that is a moment of our calendar counts.</summary>
    private static DateTimeOffset? Moment(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var seconds) && seconds is > 0 and < 253_402_300_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    [GeneratedRegex(@"^https://([A-Za-z0-9][A-Za-z0-9-]{0,62}\.myshopify\.com)(/[a-z]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShopAddress();
}
