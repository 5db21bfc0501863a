using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Secrets;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class WebhookSecretTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_custom_apps_own_secret_signs_and_a_new_one_overlaps_with_the_one_before()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (status, body) = await app.PostAsync(
            "/api/v1/connections",
            new { kind = "shopify", name = "Own app", shop = ApiApp.Shop, accessToken = "shpat_own", clientSecret = "first secret" });
        status.ShouldBe(HttpStatusCode.Created, body?.ToString());
        var path = $"/api/v1/connections/{(long)body!["id"]!}/webhook-secret";
        (await app.WebhookAsync("{}", "1", hmac: Signed("first secret"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.WebhookAsync("{}", "2")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "the installed app's secret is not this app's");

        (await app.Client.PutAsJsonAsync(path, new { secret = "second secret" })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await app.WebhookAsync("{}", "3", hmac: Signed("first secret"))).StatusCode.ShouldBe(HttpStatusCode.OK, "webhooks signed before are on their way still");
        (await app.WebhookAsync("{}", "4", hmac: Signed("second secret"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await app.Client.PutAsJsonAsync(path, new { secret = "third secret", overlapMinutes = 0 })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await app.WebhookAsync("{}", "5", hmac: Signed("second secret"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await app.WebhookAsync("{}", "6", hmac: Signed("third secret"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await app.Client.DeleteAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await app.WebhookAsync("{}", "7")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE action = 'webhook-secret'")).ShouldBe(4);
    }

    [Fact]
    public async Task Bad_input_names_its_field_and_another_tenants_connection_is_not_found()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var path = $"/api/v1/connections/{await app.ConnectAsync()}/webhook-secret";
        using var refused = await app.Client.PutAsJsonAsync(path, new { secret = "", overlapMinutes = -1 });
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var text = await refused.Content.ReadAsStringAsync();
        (text.Contains("\"secret\"", StringComparison.Ordinal) && text.Contains("\"overlapMinutes\"", StringComparison.Ordinal)).ShouldBeTrue(text);
        using var other = await app.OtherTenantAsync();
        (await other.PutAsJsonAsync(path, new { secret = "stolen" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await other.DeleteAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await app.SqlAsync<long>("SELECT count(*) FROM connections WHERE webhook_secret IS NOT NULL")).ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE action = 'webhook-secret'")).ShouldBe(0);
    }

    [Fact]
    public void The_one_before_ends_at_its_moment_and_the_apps_previous_secret_counts_while_it_is_configured()
    {
        var now = new DateTimeOffset(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);
        var clock = new TestClock(now);
        var vault = CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Channels:Shopify:ClientSecret"] = "new",
            ["Channels:Shopify:PreviousClientSecret"] = "old",
        }).Build();
        var secrets = new ShopifySecrets(settings, vault, clock);
        var (tenant, connection) = (new TenantId(1), new ConnectionId(2));
        byte[] Sealed(string secret) => vault.Seal(SecretOwner.Webhook(tenant, connection), secret);
        var owner = new ShopConnection(tenant, connection, "shopify", ConnectionStatus.Live, Sealed("own"), Sealed("before"), now.AddMinutes(5));
        bool Takes(ShopConnection of, string secret) => secrets.Verify(of, "{}"u8, Signed(secret));

        (Takes(owner, "own"), Takes(owner, "before"), Takes(owner, "new")).ShouldBe((true, true, false));
        clock.Advance(TimeSpan.FromMinutes(5));
        (Takes(owner, "own"), Takes(owner, "before")).ShouldBe((true, false));
        var installed = owner with { WebhookSecret = null, SecretBefore = null, BeforeUntil = null };
        (Takes(installed, "new"), Takes(installed, "old"), Takes(installed, "own")).ShouldBe((true, true, false));
    }

    /// <summary>Opening one takes two decryptions, and a storm of one shop would pay them for every webhook.</summary>
    [Fact]
    public void A_shops_own_secret_is_opened_once_for_as_long_as_the_shop_is_remembered()
    {
        var vault = CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));
        var secrets = new ShopifySecrets(new ConfigurationBuilder().Build(), vault, new TestClock());
        var (tenant, connection) = (new TenantId(1), new ConnectionId(2));
        ShopConnection Read(string secret) => new(
            tenant, connection, "shopify", ConnectionStatus.Live, vault.Seal(SecretOwner.Webhook(tenant, connection), secret));
        var (owner, first, second) = (Read("first"), Signed("first"), Signed("second"));
        (secrets.Verify(owner, "{}"u8, first), secrets.Verify(owner, "{}"u8, second)).ShouldBe((true, false));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var taken = secrets.Verify(owner, "{}"u8, first) && !secrets.Verify(owner, "{}"u8, second);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0, "the whole verification leaves nothing to the collector");
        taken.ShouldBeTrue();

        var readAgain = Read("second");
        (secrets.Verify(readAgain, "{}"u8, first), secrets.Verify(readAgain, "{}"u8, second)).ShouldBe((false, true), "a changed secret counts once it is read");
    }

    [Fact]
    public async Task No_secret_is_ever_logged()
    {
        var logs = new LogCapture();
        await using var app = await ApiApp.StartAsync(await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), builder =>
            builder.Logging.AddProvider(logs).AddFilter<LogCapture>(null, LogLevel.Trace));
        var (_, body) = await app.PostAsync(
            "/api/v1/connections",
            new { kind = "shopify", name = "Own app", shop = ApiApp.Shop, accessToken = "shpat_never_logged", clientSecret = "shpss_never_logged" });
        var id = (long)body!["id"]!;
        await app.PostAsync($"/api/v1/connections/{id}/reconnect", new { accessToken = "shpat_never_logged_too" });
        await app.PostAsync("/api/v1/connections", new { kind = "shopify", name = "x", shop = "bad shop", accessToken = "shpat_never_logged" });
        await app.WebhookAsync("{}", "1", hmac: Signed("shpss_never_logged"));
        logs.Text.Length.ShouldBeGreaterThan(1_000, "the capture works");
        logs.Text.ShouldNotContain("never_logged");
        logs.Text.ShouldNotContain(ApiApp.Key);
        logs.Text.ShouldNotContain(ApiApp.Secret);
    }

    private static string Signed(string secret, string body = "{}") =>
        Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)));
}
