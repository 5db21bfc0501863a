using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Channels.Shopify.Billing;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;
using Xunit;

namespace SyncFlow.Tests.Channels;

/// <summary>Against a small server that answers as App Events and the Partner API are documented.</summary>
public sealed class AppPricingTests
{
    private const string Shop = "gid://shopify/Shop/42";

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_active_subscription_is_read_by_its_plans_handle_and_none_is_none()
    {
        await using var shopify = await StandAsync(active: true);
        using var http = new HttpClient();
        var told = await Pricing(http, shopify).ReadAsync(Shop, DefaultPlans.Terms, Now, Ct);
        var one = told.Value!.ShouldHaveSingleItem();
        (one.Plan, one.Status, one.PeriodEndsAt).ShouldBe(("growth", SubscriptionStatus.Active, Now.AddDays(10)));

        await using var nothing = await StandAsync(active: false);
        (await Pricing(http, nothing).ReadAsync(Shop, DefaultPlans.Terms, Now, Ct)).Value!.ShouldBeEmpty();
    }

    [Fact]
    public async Task Use_is_told_with_meter_key_and_value_and_a_refusal_has_its_class()
    {
        await using var shopify = await StandAsync(active: true);
        using var http = new HttpClient();
        (await Pricing(http, shopify).TellUsageAsync(Shop, 1_000, "usage:1:202611:1", Now, Ct)).Value.ShouldBe("usage:1:202611:1");
        (await Pricing(http, shopify).TellUsageAsync("gid://shopify/Shop/0", 1, "k", Now, Ct)).Fault!.Kind.ShouldBe(ChannelFaultKind.Rejected);
        (await Pricing(http, shopify, secret: "wrong").TellUsageAsync(Shop, 1, "k", Now, Ct)).Fault!.Kind.ShouldBe(ChannelFaultKind.Rejected);
        var gone = Pricing(http, shopify);
        await shopify.StopAsync(Ct);
        (await gone.TellUsageAsync(Shop, 1, "k", Now, Ct)).Fault!.Kind.ShouldBe(ChannelFaultKind.Transient);
    }

    private static AppPricing Pricing(HttpClient http, WebApplication shopify, string secret = "secret")
    {
        var address = shopify.Urls.First();
        return new AppPricing(http, new AppPricingAccess(
            "client", secret, new Uri($"{address}/auth/access_token"), new Uri($"{address}/app/2026-10/events"), new Uri($"{address}/partner"),
            "partner token", "gid://partners/App/7", "syncs"));
    }

    private static async Task<WebApplication> StandAsync(bool active)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/auth/access_token", (JsonObject body) => (string?)body["client_secret"] == "secret" && (string?)body["grant_type"] == "client_credentials"
            ? Results.Json(new { access_token = "events token", token_type = "Bearer" })
            : Results.Unauthorized());
        app.MapPost("/app/2026-10/events", (HttpRequest request, JsonObject body) =>
            request.Headers.Authorization != "Bearer events token" || request.Headers.UserAgent.Count == 0 ? Results.Unauthorized()
            : (string?)body["shop_id"] == Shop && (string?)body["event_handle"] == "syncs" && (long?)body["attributes"]?["value"] == 1_000
                && (string?)body["timestamp"] == "2026-11-21T08:00:00.000Z" && (string?)body["idempotency_key"] is { Length: > 0 and <= 64 } ? Results.Accepted()
            : Results.BadRequest());
        app.MapPost("/partner", (HttpRequest request, JsonObject body) =>
            request.Headers["X-Shopify-Access-Token"] != "partner token" || (string?)body["variables"]?["appId"] != "gid://partners/App/7" ? Results.Unauthorized()
            : Results.Text(
                active
                    ? """{"data":{"activeSubscription":{"trialEndsAt":null,"currentBillingCycle":{"endTime":"2026-12-01T08:00:00Z"},"items":[{"handle":"syncs"},{"handle":"growth"}]}}}"""
                    : """{"data":{"activeSubscription":null}}""",
                "application/json"));
        await app.StartAsync();
        return app;
    }
}
