using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>The app as Shopify knows it.</summary>
/// <param name="BaseUrlTemplate">Address of a shop with <c>{shop}</c> in it, for example <c>https://{shop}</c>.</param>
/// <param name="ClientId">The app's client id.</param>
/// <param name="ClientSecret">Its client secret.</param>
public sealed record ShopifyApp(string BaseUrlTemplate, string ClientId, string ClientSecret)
{
    /// <summary>What the app needs to be granted; without one of them a part of it stands still.</summary>
    public static IReadOnlyList<string> NeededScopes { get; } =
    [
        "read_inventory", "write_inventory", "read_products", "read_orders", "read_locations", "read_merchant_managed_fulfillment_orders",
    ];

    /// <summary>Without the secret, so that a log of this record tells nothing.</summary>
    public override string ToString() => $"{ClientId} at {BaseUrlTemplate}";

    /// <summary>The scopes that a grant lacks. A write scope holds its read scope.</summary>
    /// <param name="granted">As Shopify writes them, parted by commas.</param>
    public static IReadOnlyList<string> Missing(string granted)
    {
        ArgumentNullException.ThrowIfNull(granted);
        var held = granted.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        return [.. NeededScopes.Where(scope => !held.Contains(scope) && !held.Contains(scope.Replace("read_", "write_", StringComparison.Ordinal)))];
    }
}

/// <summary>An expiring offline token and what renews it.</summary>
/// <param name="AccessToken">For calls; secret.</param>
/// <param name="ExpiresIn">How long it holds; an hour by Shopify's documentation.</param>
/// <param name="RefreshToken">Used once, for the next pair; secret.</param>
/// <param name="RefreshExpiresIn">How long that one holds; 90 days.</param>
/// <param name="Scopes">What was granted, parted by commas.</param>
public sealed record ShopifyTokenPair(
    string AccessToken, TimeSpan ExpiresIn, string RefreshToken, TimeSpan RefreshExpiresIn, string Scopes)
{
    /// <summary>Without the tokens.</summary>
    public override string ToString() => $"a token pair for {Scopes}";
}

/// <summary>
/// Shopify's token endpoint: session tokens are exchanged for expiring offline tokens, and these are refreshed. A lost
/// answer may be asked for again: the refresh token before stays good until its replacement is first used.
/// </summary>
/// <param name="http">Must not follow redirects: the secret would go along.</param>
/// <param name="app">Which app.</param>
/// <param name="time">Clock of the waits.</param>
public sealed class ShopifyTokens(HttpClient http, ShopifyApp app, TimeProvider time)
{
    /// <summary>Largest answer read, bytes.</summary>
    private const int LargestAnswer = 64 * 1024;

    /// <summary>Refusals that speak of the app itself: no shop's fault, and no shop is to suffer for them.</summary>
    private static readonly string[] OfApp =
        ["invalid_client", "unauthorized_client", "application_cannot_be_found", "unsupported_grant_type"];

    /// <summary>Longest wait for an answer.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Exchanges a session token, verified before, for an expiring offline token.</summary>
    public Task<ChannelResult<ShopifyTokenPair>> ExchangeAsync(string shop, string sessionToken, CancellationToken cancel) => AskAsync(
        shop,
        new Dictionary<string, string>
        {
            ["client_id"] = app.ClientId,
            ["client_secret"] = app.ClientSecret,
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = sessionToken,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:id_token",
            ["requested_token_type"] = "urn:shopify:params:oauth:token-type:offline-access-token",
            ["expiring"] = "1",
        },
        cancel);

    /// <summary>Gives a refresh token back for the next pair.</summary>
    public Task<ChannelResult<ShopifyTokenPair>> RefreshAsync(string shop, string refreshToken, CancellationToken cancel) => AskAsync(
        shop,
        new Dictionary<string, string>
        {
            ["client_id"] = app.ClientId,
            ["client_secret"] = app.ClientSecret,
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = refreshToken,
        },
        cancel);

    private async Task<ChannelResult<ShopifyTokenPair>> AskAsync(string shop, Dictionary<string, string> body, CancellationToken cancel)
    {
        var address = new Uri($"{app.BaseUrlTemplate.Replace("{shop}", shop, StringComparison.Ordinal).TrimEnd('/')}/admin/oauth/access_token");
        using var patience = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = JsonContent.Create(body) };
            request.Headers.Accept.ParseAdd("application/json");
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            await answer.Content.LoadIntoBufferAsync(LargestAnswer, either.Token);
            var text = await answer.Content.ReadAsByteArrayAsync(either.Token);
            return answer.StatusCode == HttpStatusCode.OK ? Read(text) : Classify((int)answer.StatusCode, answer.Headers.RetryAfter?.Delta, text);
        }
        catch (HttpRequestException failure)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "NOT_CONNECTED", $"no connection ({failure.HttpRequestError})");
        }
        catch (IOException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "ANSWER_CUT", "the connection broke while the answer was read");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "TIMEOUT", "no answer in time");
        }
    }

    private static ChannelResult<ShopifyTokenPair> Read(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            return new ShopifyTokenPair(
                Needed(root, "access_token"), TimeSpan.FromSeconds(root.GetProperty("expires_in").GetInt32()),
                Needed(root, "refresh_token"), TimeSpan.FromSeconds(root.GetProperty("refresh_token_expires_in").GetInt32()),
                Needed(root, "scope"));
        }
        catch (Exception shape) when (shape is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "ANSWER_UNEXPECTED", "the answer holds no expiring token pair");
        }
    }

    private static string Needed(JsonElement root, string name) => root.GetProperty(name).GetString() is { Length: > 0 } text
        ? text
        : throw new FormatException($"{name} is empty");

    private static ChannelFault Classify(int status, TimeSpan? retryAfter, byte[] text)
    {
        var code = Error(text) ?? $"HTTP_{status.ToString(CultureInfo.InvariantCulture)}";
        return status switch
        {
            429 or 430 => new(ChannelFaultKind.RateLimited, code, "too many calls", retryAfter),
            402 or 404 or 423 => new(ChannelFaultKind.ShopUnavailable, code, "the shop is closed, frozen or locked"),
            >= 500 => new(ChannelFaultKind.Transient, code, "the shop's server failed"),
            400 or 401 or 403 when OfApp.Contains(code) => new(ChannelFaultKind.Rejected, code, "the app's client id or secret was refused"),
            400 or 401 or 403 => new(ChannelFaultKind.Unauthorized, code, "the token was refused"),
            _ => new(ChannelFaultKind.Rejected, code, "the request was refused"),
        };
    }

    /// <summary>OAuth's error code; only letters and underscores are kept of it.</summary>
    private static string? Error(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                && error.GetString() is { Length: > 0 and <= 64 } code && code.All(letter => char.IsAsciiLetterLower(letter) || letter == '_')
                    ? code
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
