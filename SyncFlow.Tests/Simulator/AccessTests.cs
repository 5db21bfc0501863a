using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Simulator;

/// <summary>The sandbox's token endpoint keeps Shopify's rules.</summary>
public sealed class AccessTests
{
    private const string Client = "sandbox-client-id";

    private static readonly DateTimeOffset Start = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_refresh_token_is_used_once_and_the_one_before_is_good_until_its_replacement_is_used()
    {
        var number = 0;
        string Secret() => $"{++number}";
        var access = new AppAccess();
        var first = access.Issue(Start, Secret);
        var second = access.Refresh(first.Refresh, Start, Secret).ShouldNotBeNull();

        // The answer was lost: the same refresh token again gives another pair, and the lost one was never used.
        var third = access.Refresh(first.Refresh, Start, Secret).ShouldNotBeNull();
        third.Access.ShouldNotBe(second.Access);
        access.Opens(second.Access, Start).ShouldBeFalse();
        access.Opens(third.Access, Start).ShouldBeTrue();
        access.Refresh(first.Refresh, Start, Secret).ShouldBeNull("its replacement was used");
        access.Refresh(third.Refresh, Start, Secret).ShouldNotBeNull();
    }

    [Fact]
    public void Tokens_end_in_time_and_with_the_app()
    {
        var access = new AppAccess();
        var pair = access.Issue(Start, () => "x");
        access.Opens(pair.Access, Start.AddMinutes(59)).ShouldBeTrue();
        access.Opens(pair.Access, Start.AddMinutes(60)).ShouldBeFalse();
        access.Refresh(pair.Refresh, Start.AddDays(90), () => "y").ShouldBeNull();
        access.End();
        access.Refresh(pair.Refresh, Start, () => "y").ShouldBeNull();
    }

    [Fact]
    public async Task Each_refusal_has_its_code()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var shop = sandbox.Main.Domain;
        var (_, body) = await sandbox.ControlAsync(HttpMethod.Post, $"/sandbox/stores/{shop}/session-token", new { userId = "1" });
        var session = body.GetProperty("token").GetString()!;
        var exchange = Exchange(session);
        Dictionary<string, string> But(string name, string value) => new(exchange) { [name] = value };
        (await AskAsync(sandbox, shop, But("client_id", "another"))).Error.ShouldBe("application_cannot_be_found");
        (await AskAsync(sandbox, shop, But("client_secret", "guessed"))).Error.ShouldBe("invalid_client");
        (await AskAsync(sandbox, shop, But("grant_type", "password"))).Error.ShouldBe("unsupported_grant_type");
        (await AskAsync(sandbox, shop, But("expiring", "0"))).Error.ShouldBe("invalid_request");
        (await AskAsync(sandbox, shop, But("subject_token", session[..^3] + "AAA"))).Error.ShouldBe("invalid_subject_token");
        (await AskAsync(sandbox, sandbox.Outlet.Domain, exchange)).Error.ShouldBe("invalid_subject_token", "another shop's");
        (await AskAsync(sandbox, shop, new() { ["client_id"] = Client, ["client_secret"] = Sandbox.Secret, ["grant_type"] = "refresh_token", ["refresh_token"] = "shprt_x" }))
            .Error.ShouldBe("invalid_grant");

        var granted = await AskAsync(sandbox, shop, exchange);
        ((int)granted.Body["expires_in"]!, (int)granted.Body["refresh_token_expires_in"]!).ShouldBe((3_600, 7_776_000));
        using var answer = await sandbox.PostAsync(sandbox.Main, "{ shop { id } }", token: (string)granted.Body["access_token"]!);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Access_and_subscriptions_outlive_a_restart()
    {
        var folder = TestServers.CreateFolder();
        try
        {
            var options = new SimulatorOptions { Skus = 1, Stores = 1, DataFolder = folder.FullName, ShopifyClientSecret = Sandbox.Secret };
            string access;
            await using (var sandbox = await Sandbox.StartAsync(_ => options))
            {
                access = await GrantAsync(sandbox, sandbox.Main.Domain);
                var offered = await sandbox.GraphAsync(
                    sandbox.Main,
                    """
                    mutation { appSubscriptionCreate(name: "Growth", returnUrl: "https://x.example", test: true, lineItems: [
                      {plan: {appRecurringPricingDetails: {price: {amount: "79", currencyCode: USD}}}},
                      {plan: {appUsagePricingDetails: {cappedAmount: {amount: "9", currencyCode: USD}, terms: "t"}}}]) { confirmationUrl userErrors { message } } }
                    """);
                var page = offered.GetProperty("data").GetProperty("appSubscriptionCreate").GetProperty("confirmationUrl").GetString()!;
                (await sandbox.ControlAsync(HttpMethod.Post, new Uri(page).PathAndQuery)).Status.ShouldBe(HttpStatusCode.NoContent);
            }

            await using var again = await Sandbox.StartAsync(_ => options);
            using var answer = await again.PostAsync(again.Main, "{ shop { id } }", token: access);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            var kept = again.Main.Billing.Subscriptions.ShouldHaveSingleItem();
            (kept.Name, kept.Status, kept.Usage!.Value.Cap, kept.Recurring!.Value.Price).ShouldBe(("Growth", "ACTIVE", 9m, 79m));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> GrantAsync(Sandbox sandbox, string shop)
    {
        var (_, body) = await sandbox.ControlAsync(HttpMethod.Post, $"/sandbox/stores/{shop}/session-token", new { userId = "1" });
        return (string)(await AskAsync(sandbox, shop, Exchange(body.GetProperty("token").GetString()!))).Body["access_token"]!;
    }

    private static Dictionary<string, string> Exchange(string session) => new()
    {
        ["client_id"] = Client,
        ["client_secret"] = Sandbox.Secret,
        ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
        ["subject_token"] = session,
        ["subject_token_type"] = "urn:ietf:params:oauth:token-type:id_token",
        ["requested_token_type"] = "urn:shopify:params:oauth:token-type:offline-access-token",
        ["expiring"] = "1",
    };

    private static async Task<(string? Error, JsonNode Body)> AskAsync(Sandbox sandbox, string shop, Dictionary<string, string> request)
    {
        using var http = new HttpClient { BaseAddress = sandbox.Host.BaseAddress };
        using var answer = await http.PostAsJsonAsync($"/shopify/{shop}/admin/oauth/access_token", request);
        var body = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        return ((string?)body["error"], body);
    }
}
