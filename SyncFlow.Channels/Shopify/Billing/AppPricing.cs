using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify.Billing;

/// <summary>Where Shopify App Pricing is reached: plans and their pages are Shopify's, use is told by App Events.</summary>
/// <param name="ClientId">The app's client id.</param>
/// <param name="ClientSecret">Its client secret: gets the token of App Events.</param>
/// <param name="TokenUrl">Gives tokens of App Events.</param>
/// <param name="EventsUrl">Takes App Events.</param>
/// <param name="PartnerUrl">The Partner API's GraphQL endpoint, with the organisation in it.</param>
/// <param name="PartnerToken">The Partner API client's token (permission: manage apps); secret.</param>
/// <param name="AppId">The app's id in the Partner API, for example <c>gid://partners/App/1</c>.</param>
/// <param name="Meter">Handle of the meter that counts syncs.</param>
public sealed record AppPricingAccess(
    string ClientId, string ClientSecret, Uri TokenUrl, Uri EventsUrl, Uri PartnerUrl, string PartnerToken, string AppId, string Meter)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"{AppId} at {PartnerUrl}";
}

/// <summary>
/// Shopify App Pricing: plans are defined and shown by Shopify, the state of a subscription is asked of the Partner API
/// (<c>activeSubscription</c>), and use is told by App Events, which take a key once and for ever.
/// </summary>
/// <param name="http">Must not follow redirects.</param>
public sealed class AppPricing(HttpClient http, AppPricingAccess access)
{
    private const string Query =
        "query ActiveSubscription($appId: ID!, $shopId: ID!) { activeSubscription(appId: $appId, shopId: $shopId) "
        + "{ trialEndsAt currentBillingCycle { endTime } items { handle } } }";

    /// <summary>The active subscription; none where the merchant has chosen no plan.</summary>
    /// <param name="shopId">The shop's id, for example <c>gid://shopify/Shop/1</c>.</param>
    /// <param name="terms">The plans; a plan's id is its handle at Shopify.</param>
    /// <param name="seenAt">Our clock.</param>
    /// <param name="cancel">Ends the call.</param>
    public async Task<ChannelResult<IReadOnlyList<Subscription>>> ReadAsync(
        string shopId, BillingTerms terms, DateTimeOffset seenAt, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(terms);
        using var request = new HttpRequestMessage(HttpMethod.Post, access.PartnerUrl)
        {
            Content = JsonContent.Create(new { query = Query, variables = new { appId = access.AppId, shopId } }),
        };
        request.Headers.Add("X-Shopify-Access-Token", access.PartnerToken);
        var answer = await SendAsync(request, HttpStatusCode.OK, cancel).ConfigureAwait(false);
        if (!answer.Succeeded)
        {
            return answer.Fault;
        }

        using var document = answer.Value;
        if (document.RootElement.TryGetProperty("errors", out _) || !document.RootElement.TryGetProperty("data", out var data))
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "PARTNER_ERRORS", "the Partner API refused the query");
        }

        var active = data.GetProperty("activeSubscription");
        return active.ValueKind == JsonValueKind.Null ? Array.Empty<Subscription>() : new[] { Read(active, shopId, access.Meter, terms, seenAt) };
    }

    /// <summary>Tells syncs to the meter. A repeat under the same key counts nothing.</summary>
    /// <returns>The key; App Events have no id of their own.</returns>
    public async Task<ChannelResult<string>> TellUsageAsync(string shopId, long syncs, string key, DateTimeOffset at, CancellationToken cancel)
    {
        var token = await TokenAsync(cancel).ConfigureAwait(false);
        if (!token.Succeeded)
        {
            return token.Fault;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, access.EventsUrl)
        {
            Content = JsonContent.Create(new Dictionary<string, object>
            {
                ["shop_id"] = shopId,
                ["event_handle"] = access.Meter,
                ["timestamp"] = at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
                ["idempotency_key"] = key,
                ["attributes"] = new Dictionary<string, object> { ["value"] = syncs },
            }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        var answer = await SendAsync(request, HttpStatusCode.Accepted, cancel).ConfigureAwait(false);
        answer.Value?.Dispose();
        return answer.Succeeded ? key : answer.Fault;
    }

    private async Task<ChannelResult<string>> TokenAsync(CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, access.TokenUrl)
        {
            Content = JsonContent.Create(new Dictionary<string, string>
            {
                ["client_id"] = access.ClientId,
                ["client_secret"] = access.ClientSecret,
                ["grant_type"] = "client_credentials",
            }),
        };
        var answer = await SendAsync(request, HttpStatusCode.OK, cancel).ConfigureAwait(false);
        if (!answer.Succeeded)
        {
            return answer.Fault;
        }

        using var document = answer.Value;
        return document.RootElement.TryGetProperty("access_token", out var token) && token.GetString() is { Length: > 0 } text
            ? text
            : new ChannelFault(ChannelFaultKind.Transient, "ANSWER_UNEXPECTED", "the answer holds no token");
    }

    /// <summary>Sends a request. All of them may be sent again, so that a lost answer is transient.</summary>
    private async Task<ChannelResult<JsonDocument>> SendAsync(HttpRequestMessage request, HttpStatusCode good, CancellationToken cancel)
    {
        try
        {
            request.Headers.UserAgent.ParseAdd("SyncFlow"); // App Events refuse requests without one.
            using var answer = await http.SendAsync(request, cancel).ConfigureAwait(false);
            if (answer.StatusCode == good || (good == HttpStatusCode.Accepted && answer.IsSuccessStatusCode))
            {
                var text = await answer.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false);
                return text.Length == 0 ? JsonDocument.Parse("{}") : JsonDocument.Parse(text);
            }

            var (status, code) = ((int)answer.StatusCode, $"HTTP_{(int)answer.StatusCode}");
            return status switch
            {
                429 => new ChannelFault(ChannelFaultKind.RateLimited, code, "too many calls", answer.Headers.RetryAfter?.Delta),
                >= 500 => new ChannelFault(ChannelFaultKind.Transient, code, "Shopify's server failed"),
                401 or 403 => new ChannelFault(ChannelFaultKind.Rejected, code, "the app's access to billing was refused"),
                _ => new ChannelFault(ChannelFaultKind.Rejected, code, "the request was refused"),
            };
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException
            || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new ChannelFault(ChannelFaultKind.Transient, "NO_ANSWER", "Shopify did not answer as it should");
        }
    }

    /// <summary>Use beyond a plan is charged by Shopify; the plan's proposed cap is what we let a merchant use of it.</summary>
    private static Subscription Read(JsonElement active, string shopId, string meter, BillingTerms terms, DateTimeOffset seenAt)
    {
        var handles = active.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("handle").GetString()).ToList();
        var plan = terms.Plans.FirstOrDefault(known => handles.Contains(known.Id))?.Id ?? handles.FirstOrDefault() ?? "";
        return new Subscription(
            $"{shopId}/{plan}", plan, SubscriptionStatus.Active, seenAt, Moment(active, "trialEndsAt"),
            active.GetProperty("currentBillingCycle") is { ValueKind: JsonValueKind.Object } cycle ? Moment(cycle, "endTime") : null,
            Test: false, UsageLine: meter, Cap: terms.PlanOf(plan).Overage?.Cap);
    }

    private static DateTimeOffset? Moment(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;
}
