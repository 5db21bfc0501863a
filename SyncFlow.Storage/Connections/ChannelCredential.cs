using System.Text.Json;

namespace SyncFlow.Storage.Connections;

/// <summary>
/// What opens a channel: an access token that holds for ever (a custom app's), or an expiring one with the token that
/// renews it. Both of a pair are sealed as one text, so that they are never apart.
/// </summary>
/// <param name="AccessToken">Secret.</param>
/// <param name="RefreshToken">Secret; null for a token that does not expire.</param>
/// <param name="ExpiresAt">When the access token ends.</param>
/// <param name="RefreshExpiresAt">When the refresh token ends.</param>
public sealed record ChannelCredential(
    string AccessToken, string? RefreshToken = null, DateTimeOffset? ExpiresAt = null, DateTimeOffset? RefreshExpiresAt = null)
{
    /// <summary>Without the tokens.</summary>
    public override string ToString() => RefreshToken is null ? "a lasting token" : $"a token until {ExpiresAt:O}";

    /// <summary>The text to seal: a lasting token as it is, a pair as JSON.</summary>
    public string ToText() => RefreshToken is null ? AccessToken : JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Reads what <see cref="ToText"/> wrote; tokens never begin with a brace.</summary>
    /// <exception cref="JsonException">It begins like a pair and is none.</exception>
    public static ChannelCredential Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith('{')
            ? JsonSerializer.Deserialize<ChannelCredential>(text, JsonSerializerOptions.Web) ?? throw new JsonException("A credential is null.")
            : new ChannelCredential(text);
    }
}
