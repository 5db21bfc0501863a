using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Tokens;

/// <summary>Makes session tokens as Shopify's admin does for App Bridge, and knows its own again.</summary>
internal sealed class SessionTokens(string clientId, string clientSecret)
{
    /// <summary>How long Shopify's session tokens hold.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    /// <summary>A token for a staff member of a shop.</summary>
    internal string Make(Shop shop, string user, Guid id, DateTimeOffset now)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = $"https://{shop.Domain}/admin",
            ["dest"] = $"https://{shop.Domain}",
            ["aud"] = clientId,
            ["sub"] = user,
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["jti"] = id.ToString(),
            ["sid"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{shop.Domain}/{user}"))),
        };
        var signed = $"{Part(new Dictionary<string, object> { ["alg"] = "HS256", ["typ"] = "JWT" })}.{Part(claims)}";
        return $"{signed}.{Sign(signed)}";
    }

    /// <summary>Whether a token is one of ours for this shop and holds now.</summary>
    internal bool Holds(string token, Shop shop, DateTimeOffset now)
    {
        var parts = token.Split('.');
        if (parts.Length != 3
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign($"{parts[0]}.{parts[1]}")), Encoding.ASCII.GetBytes(parts[2])))
        {
            return false;
        }

        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        var root = claims.RootElement;
        return root.GetProperty("dest").GetString() == $"https://{shop.Domain}"
            && root.GetProperty("aud").GetString() == clientId
            && now < DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("exp").GetInt64()) + Tolerance
            && now >= DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("nbf").GetInt64()) - Tolerance;
    }

    private string Sign(string text) => Base64Url.EncodeToString(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(clientSecret), Encoding.ASCII.GetBytes(text)));

    private static string Part(Dictionary<string, object> value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
