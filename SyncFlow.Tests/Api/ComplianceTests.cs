using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Shouldly;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Compliance;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Requests of privacy law, from Shopify's webhook to the proof, in the real API and a real database.</summary>
public sealed class ComplianceTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Email = "ada@example.com";

    private const string About = """{"shop_domain":"main-store.myshopify.com","customer":{"id":900001,"email":"ada@example.com","phone":null},"orders_requested":[55120001],"orders_to_redact":[55120001]}""";

    [Fact]
    public async Task What_is_kept_of_a_customer_is_told_in_ids_and_then_forgotten_provably()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var app = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        await app.ConnectAsync();
        await app.WebhookAsync($$"""{"id":55120001,"email":"{{Email}}"}""", "order");
        await app.WebhookAsync("""{"id":1,"customer":{"id":900001}}""", "another order of hers");
        await app.WebhookAsync("""{"id":2,"email":"bob@example.com"}""", "somebody else's");
        await app.SqlAsync<long>("UPDATE inbox SET state = 1 RETURNING event_id");

        (await SendAsync(app, "customers/data_request", About, "a")).Status.ShouldBe(HttpStatusCode.OK);
        (await SendAsync(app, "customers/data_request", About, "a")).Body.ShouldBe("""{"connections":1}""", "sent twice, stored once");
        await CarryOutAsync(database);
        var told = (await app.GetAsync("/api/v1/compliance-requests")).AsArray().ShouldHaveSingleItem()!;
        told["result"]!["rawBodies"]!.AsArray().Count.ShouldBe(2);
        ((string)told["bodySha256"]!).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(About))));
        told.ToJsonString().ShouldNotContain(Email);

        (await SendAsync(app, "customers/redact", About, "b")).Status.ShouldBe(HttpStatusCode.OK);
        await CarryOutAsync(database);
        var done = (await app.GetAsync("/api/v1/compliance-requests")).AsArray()[0]!;
        ((string)done["topic"]!, (int)done["result"]!["rawBodiesEmptied"]!).ShouldBe(("customers/redact", 2));
        done["finishedAt"].ShouldNotBeNull();
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE convert_from(body, 'UTF8') ~ 'ada@|900001|55120001'")).ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE convert_from(body, 'UTF8') ~ 'bob@'")).ShouldBe(1);
        (await app.SqlAsync<long>("SELECT count(*) FROM compliance_requests WHERE subject IS NOT NULL")).ShouldBe(0, "the request itself forgets her too");
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE action = 'compliance'")).ShouldBe(2);
    }

    [Fact]
    public async Task A_body_that_is_not_applied_yet_is_forgotten_after_it_is()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var app = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        await app.ConnectAsync();
        await app.WebhookAsync($$"""{"id":55120001,"email":"{{Email}}"}""", "order");
        await SendAsync(app, "customers/redact", About, "a");
        await CarryOutAsync(database);
        (await app.SqlAsync<long>("SELECT count(*) FROM compliance_requests WHERE state = 0 AND try_at > now()")).ShouldBe(1);
        (await app.SqlAsync<string>("SELECT convert_from(body, 'UTF8') FROM inbox")).ShouldContain(Email, customMessage: "an order is a fact and is not lost");

        await app.SqlAsync<long>("UPDATE inbox SET state = 1 RETURNING event_id");
        await app.SqlAsync<long>("UPDATE compliance_requests SET try_at = now() RETURNING request_id");
        await CarryOutAsync(database);
        (await app.SqlAsync<string>("SELECT convert_from(body, 'UTF8') FROM inbox")).ShouldNotContain(Email);
    }

    [Fact]
    public async Task A_shop_is_forgotten_after_its_uninstall_and_not_after_it_came_back()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var app = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        await app.ConnectAsync();
        await app.WebhookAsync("""{"id":7}""", "order");
        await app.SqlAsync<long>("UPDATE inbox SET state = 1 RETURNING event_id");
        await SendAsync(app, "shop/redact", """{"shop_domain":"main-store.myshopify.com"}""", "early");
        await CarryOutAsync(database);
        (await app.SqlAsync<bool>("SELECT credential IS NOT NULL FROM connections")).ShouldBeTrue("it is connected");

        await app.SqlAsync<long>("UPDATE connections SET status = 6 RETURNING connection_id");
        await SendAsync(app, "shop/redact", """{"shop_domain":"main-store.myshopify.com"}""", "after the uninstall");
        await CarryOutAsync(database);
        (await app.SqlAsync<bool>("SELECT credential IS NULL FROM connections")).ShouldBeTrue();
        (await app.SqlAsync<string>("SELECT convert_from(body, 'UTF8') FROM inbox")).ShouldBe("""{"redacted":true}""");
        (await app.SqlAsync<string>("SELECT string_agg(result::text, ' ' ORDER BY request_id) FROM compliance_requests")).ShouldContain("accessErased");
    }

    [Fact]
    public async Task A_bad_signature_is_401_and_a_shop_we_never_knew_is_answered_and_keeps_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await SendAsync(app, "customers/redact", About, "a", signed: false)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(app, "shop/redact", "not json", "b")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await SendAsync(app, "orders/create", "{}", "c")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await SendAsync(app, "shop/redact", "{}", "d")).ShouldBe((HttpStatusCode.OK, """{"connections":0}"""));
        (await app.SqlAsync<long>("SELECT count(*) FROM compliance_requests")).ShouldBe(0);
    }

    private static async Task CarryOutAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(PostgresExtensions.ForRole(database, PostgresRole.Worker));
        var store = new ComplianceStore(source, TimeProvider.System);
        foreach (var tenant in await store.TenantsAsync(TestContext.Current.CancellationToken))
        {
            await store.RunAsync(tenant, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(ApiApp app, string topic, string body, string id, bool signed = true)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        using var client = app.NewClient(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/shopify/compliance") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-Shopify-Topic", topic);
        request.Headers.Add("X-Shopify-Shop-Domain", ApiApp.Shop);
        request.Headers.Add("X-Shopify-Webhook-Id", id);
        var key = Encoding.UTF8.GetBytes(signed ? ApiApp.Secret : "guessed");
        request.Headers.Add("X-Shopify-Hmac-Sha256", Convert.ToBase64String(HMACSHA256.HashData(key, bytes)));
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
