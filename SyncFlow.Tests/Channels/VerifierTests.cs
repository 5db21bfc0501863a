using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Shouldly;
using SyncFlow.Channels.Shopify;
using Xunit;

namespace SyncFlow.Tests.Channels;

public sealed class VerifierTests
{
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("secret");
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"id":1}""");
    private static readonly string Right = Convert.ToBase64String(HMACSHA256.HashData(Secret, Body));

    [Fact]
    public void Only_the_signature_of_exactly_this_body_with_this_secret_is_taken()
    {
        ShopifyWebhookVerifier.Verify(Body, Right, Secret).ShouldBeTrue();
        ShopifyWebhookVerifier.Verify(Encoding.UTF8.GetBytes("""{"id":2}"""), Right, Secret).ShouldBeFalse();
        ShopifyWebhookVerifier.Verify(Body, Right, Encoding.UTF8.GetBytes("other")).ShouldBeFalse();
        ShopifyWebhookVerifier.Verify(Body, Right, []).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("////////////////////////////////////////////")]
    [InlineData("éééééééééééééééééééééééééééééééééééééééééééé")]
    [InlineData("********************************************")]
    public void A_signature_of_another_shape_is_refused(string? header) =>
        ShopifyWebhookVerifier.Verify(Body, header, Secret).ShouldBeFalse();

    /// <summary>It runs for every webhook; what it left behind the collector would have to clear away.</summary>
    [Fact]
    public void Verifying_a_webhook_allocates_nothing()
    {
        var body = new byte[6 * 1024];
        new Random(1).NextBytes(body);
        var right = Convert.ToBase64String(HMACSHA256.HashData(Secret, body));
        bool Verify() => ShopifyWebhookVerifier.Verify(body, right, Secret) && !ShopifyWebhookVerifier.Verify(body, Right, Secret);
        Verify().ShouldBeTrue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var taken = true;
        for (var webhook = 0; webhook < 100; webhook++)
        {
            taken &= Verify();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        taken.ShouldBeTrue();
    }

    [Fact]
    public void Headers_are_read_in_any_case_and_a_missing_one_is_named()
    {
        var headers = new HeaderDictionary
        {
            ["x-shopify-topic"] = "orders/create",
            ["X-SHOPIFY-SHOP-DOMAIN"] = "Alpine.MyShopify.com",
            ["X-Shopify-Webhook-Id"] = "w",
            ["x-shopify-event-id"] = "e",
            ["X-Shopify-Hmac-SHA256"] = "h",
            ["X-Shopify-Triggered-At"] = "2026-11-21T10:00:00.1234567Z",
            ["X-Shopify-Api-Version"] = "2026-10",
        };
        static string? Find(HeaderDictionary all, string name) => all.TryGetValue(name, out var value) ? value.ToString() : null;

        var read = ShopifyWebhookHeaders.Read(headers, Find, out var problem)!;
        problem.ShouldBeNull();
        read.ShouldBe(new ShopifyWebhookHeaders(
            "orders/create", "alpine.myshopify.com", "w", "e", "h", "2026-10",
            new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero).AddTicks(1_234_567)));
        headers.Remove("X-Shopify-Topic");
        ShopifyWebhookHeaders.Read(headers, Find, out problem).ShouldBeNull();
        problem.ShouldBe("X-Shopify-Topic is missing");
    }
}
