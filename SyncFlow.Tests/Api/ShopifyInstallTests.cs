using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Simulator;
using SyncFlow.Storage.Connections;
using SyncFlow.Tests.Channels;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>The embedded app's install, with the real API and the sandbox's Shopify.</summary>
public sealed class ShopifyInstallTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string App = "sandbox-client-id";

    [Fact]
    public async Task Opening_the_app_in_a_new_shop_makes_a_tenant_and_a_connection_with_an_expiring_pair()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0];
        var (status, body) = await OpenAsync(app, await SessionTokenAsync(shopify, shop.Domain, "77"));
        status.ShouldBe(HttpStatusCode.OK, body?.ToString());
        ((bool)body!["installed"]!, (string)body["shop"]!, (string)body["userId"]!, (string)body["status"]!)
            .ShouldBe((true, shop.Domain, "77", "connected"));
        var (tenant, connection) = ((long)body["tenantId"]!, (long)body["connectionId"]!);

        var held = ChannelCredential.Parse(Vault.Open(
            new TenantId(tenant), new ConnectionId(connection),
            await app.SqlAsync<byte[]>("SELECT credential FROM connections WHERE connection_id = $1", connection)));
        (held.AccessToken, held.RefreshToken).ShouldBe((shop.Access.Current!.Access, shop.Access.Current.Refresh));
        (await app.SqlAsync<bool>("SELECT token_expires_at > now() AND refresh_expires_at > now() + interval '89 days' FROM connections WHERE connection_id = $1", connection)).ShouldBeTrue();
        (await app.SqlAsync<string>("SELECT scopes FROM connections WHERE connection_id = $1", connection)).ShouldContain("write_inventory");
        (await app.SqlAsync<string>("SELECT actor FROM audit_log WHERE action = 'install'")).ShouldBe("shopify:77");
        using var embedded = app.NewClient(await SessionTokenAsync(shopify, shop.Domain, "77"));
        var access = JsonNode.Parse(await embedded.GetStringAsync($"/api/v1/connections/{connection}"))!["access"]!;
        ((long)access["renewals"]!, (DateTimeOffset)access["endsAt"]! > TimeProvider.System.GetUtcNow()).ShouldBe((0, true));

        // Opened again, by another person: the same tenant, and nothing is exchanged.
        var (_, again) = await OpenAsync(app, await SessionTokenAsync(shopify, shop.Domain, "78"));
        ((bool)again!["installed"]!, (long)again["tenantId"]!, (string)again["userId"]!).ShouldBe((false, tenant, "78"));
        shopify.World.Stats["tokens.exchanged"].ShouldBe(1);
    }

    [Fact]
    public async Task A_session_token_is_a_caller_of_the_shops_tenant_and_only_until_it_ends()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        var token = await SessionTokenAsync(shopify, shop, "77");
        using var embedded = app.NewClient(token);
        (await embedded.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "the app is not installed there");
        var (_, opened) = await OpenAsync(app, token);
        var me = JsonNode.Parse(await embedded.GetStringAsync("/api/v1/me"))!;
        ((long)me["tenantId"]!, (string)me["role"]!, (string)me["name"]!).ShouldBe(((long)opened!["tenantId"]!, "MerchantAdmin", $"{shop}/77"));
        (await embedded.PostAsJsonAsync("/api/v1/locations", new { code = "A", name = "A" })).StatusCode.ShouldBe(HttpStatusCode.Created);

        using var second = app.NewClient(await SessionTokenAsync(shopify, shop, "78"));
        (await second.PostAsJsonAsync("/api/v1/locations", new { code = "B", name = "B" })).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "later ones may look");
        using var forged = app.NewClient(token[..^4] + "AAAA");
        (await forged.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_admin_is_whose_install_made_the_tenant_whoever_calls_first_and_whoever_installs_again()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        await OpenAsync(app, await SessionTokenAsync(shopify, shop, "77"));
        (await RoleAsync(app, await SessionTokenAsync(shopify, shop, "78"))).ShouldBe("SupportAnalyst", "he calls before the one who installed");
        await app.SqlAsync<long>("UPDATE connections SET status = 6 RETURNING connection_id");
        (await OpenAsync(app, await SessionTokenAsync(shopify, shop, "79"))).Body!["installed"]!.GetValue<bool>().ShouldBeTrue();
        (await RoleAsync(app, await SessionTokenAsync(shopify, shop, "79"))).ShouldBe("SupportAnalyst", "the tenant was there");
        (await RoleAsync(app, await SessionTokenAsync(shopify, shop, "77"))).ShouldBe("MerchantAdmin");
        (await app.SqlAsync<string>("SELECT actor FROM audit_log WHERE action = 'members.insert' ORDER BY audit_id LIMIT 1")).ShouldBe("shopify:77");
    }

    [Fact]
    public async Task Staff_of_a_store_that_a_key_connected_may_look_also_the_first_of_them()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        await app.ConnectAsync(shop);
        using var embedded = app.NewClient(await SessionTokenAsync(shopify, shop, "77"));
        (await embedded.PostAsJsonAsync("/api/v1/api-keys", new { name = "mine", scopes = new[] { "*" } })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await RoleAsync(app, await SessionTokenAsync(shopify, shop, "77"))).ShouldBe("SupportAnalyst");
    }

    [Fact]
    public async Task Ten_people_who_open_the_new_app_at_once_make_one_tenant()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        var tokens = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => SessionTokenAsync(shopify, shop, $"{n}")));
        var answers = await Task.WhenAll(tokens.Select(token => OpenAsync(app, token)));
        answers.ShouldAllBe(answer => answer.Status == HttpStatusCode.OK);
        answers.Select(answer => (long)answer.Body!["tenantId"]!).Distinct().ShouldHaveSingleItem();
        (await app.SqlAsync<long>("SELECT count(*) FROM connections")).ShouldBe(1);
        (await app.SqlAsync<long>("SELECT count(*) FROM tenants WHERE name = $1", shop)).ShouldBe(1);
    }

    [Fact]
    public async Task A_session_token_installs_once_and_a_replay_of_it_is_refused()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0];
        var token = await SessionTokenAsync(shopify, shop.Domain, "1");
        (await OpenAsync(app, token)).Status.ShouldBe(HttpStatusCode.OK);

        // Stolen, and sent again after the merchant removed the app.
        await app.SqlAsync<long>("UPDATE connections SET status = 6 RETURNING connection_id");
        (await OpenAsync(app, token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        shopify.World.Stats["tokens.exchanged"].ShouldBe(1);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(0);
    }

    [Fact]
    public async Task A_shop_that_was_away_is_given_access_again_and_resumes()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        var (_, first) = await OpenAsync(app, await SessionTokenAsync(shopify, shop, "1"));
        await app.SqlAsync<long>("UPDATE connections SET status = 6, token_claim = 'a renewal of before', token_claimed_until = now() + interval '1 minute', webhook_secret = 'x' RETURNING connection_id");
        var (status, body) = await OpenAsync(app, await SessionTokenAsync(shopify, shop, "1"));
        status.ShouldBe(HttpStatusCode.OK, body?.ToString());
        ((long)body!["connectionId"]!, (bool)body["installed"]!).ShouldBe(((long)first!["connectionId"]!, true));
        (await app.SqlAsync<string>("SELECT kind FROM sync_runs WHERE run_id = $1", (long)body["runId"]!)).ShouldBe("resume");
        (await app.SqlAsync<bool>("SELECT reinstalled_at IS NOT NULL AND token_claim IS NULL AND webhook_secret IS NULL FROM connections")).ShouldBeTrue();
    }

    [Fact]
    public async Task Forged_and_foreign_tokens_are_refused_with_the_header_that_asks_for_a_new_one_and_leave_no_trace()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0].Domain;
        var now = TimeProvider.System.GetUtcNow();
        byte[] secret = Encoding.UTF8.GetBytes(ApiApp.Secret);
        string Made(Action<Dictionary<string, string>>? change = null, string algorithm = "HS256", byte[]? key = null, DateTimeOffset? at = null, string audience = App) =>
            SessionTokenTests.Token(change, algorithm, key ?? secret, at ?? now, shop, audience);

        string[] refused =
        [
            "", "not.a.token", Made(key: "guessed"u8.ToArray()), Made(algorithm: "none"), Made(at: now.AddMinutes(-5)), Made(at: now.AddMinutes(5)),
            Made(audience: "another app"), Made(claims => claims["dest"] = "\"https://victim.myshopify.com\""),
        ];
        foreach (var token in refused)
        {
            using var answer = await SendAsync(app, token);
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, token);
            answer.Headers.GetValues("X-Shopify-Retry-Invalid-Session-Request").ShouldBe(["1"]);
        }

        (await app.SqlAsync<long>("SELECT count(*) FROM connections")).ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM tenants WHERE name LIKE '%.myshopify.com'")).ShouldBe(0);
        shopify.World.Stats["tokens.exchanged"].ShouldBe(0);
    }

    [Fact]
    public async Task While_shopify_does_not_answer_nothing_is_made_and_a_new_token_installs_later()
    {
        await using var shopify = await ShopifyAsync();
        await using var app = await AppAsync(shopify);
        var shop = shopify.World.Shops[0];
        shop.Faults = shop.Faults with { Outage = true };
        using (var answer = await SendAsync(app, await SessionTokenAsync(shopify, shop.Domain, "1")))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            answer.Headers.RetryAfter.ShouldNotBeNull();
        }

        (await app.SqlAsync<long>("SELECT count(*) FROM connections")).ShouldBe(0);
        shop.Faults = shop.Faults with { Outage = false };
        (await OpenAsync(app, await SessionTokenAsync(shopify, shop.Domain, "1"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static CredentialVault Vault => CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));

    private static Task<SimulatorHost> ShopifyAsync() => SimulatorHost.StartAsync(
        new SimulatorOptions { Stores = 2, Skus = 1, ShopifyClientSecret = ApiApp.Secret }, TimeProvider.System);

    private async Task<ApiApp> AppAsync(SimulatorHost shopify) => await ApiApp.StartAsync(
        await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Channels:Shopify:ClientId"] = App,
            ["Channels:Shopify:BaseUrl"] = shopify.ShopifyBaseUrlTemplate,
        }));

    private static async Task<string> SessionTokenAsync(SimulatorHost shopify, string shop, string user)
    {
        using var http = new HttpClient { BaseAddress = shopify.BaseAddress };
        using var answer = await http.PostAsJsonAsync($"/sandbox/stores/{shop}/session-token", new { userId = user });
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["token"]!;
    }

    private static async Task<string> RoleAsync(ApiApp app, string token)
    {
        using var embedded = app.NewClient(token);
        return (string)JsonNode.Parse(await embedded.GetStringAsync("/api/v1/me"))!["role"]!;
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiApp app, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/shopify/session");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await app.Client.SendAsync(request);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> OpenAsync(ApiApp app, string token)
    {
        using var answer = await SendAsync(app, token);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonNode>());
    }
}
