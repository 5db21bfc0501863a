using System.Security.Cryptography;
using System.Text;
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

    [Fact]
    public void Headers_are_read_in_any_case_and_a_missing_one_is_named()
    {
        KeyValuePair<string, string?>[] headers =
        [
            new("x-shopify-topic", "orders/create"), new("X-SHOPIFY-SHOP-DOMAIN", "Alpine.MyShopify.com"),
            new("X-Shopify-Webhook-Id", "w"), new("x-shopify-event-id", "e"), new("X-Shopify-Hmac-SHA256", "h"),
            new("X-Shopify-Triggered-At", "2026-11-21T10:00:00.1234567Z"), new("X-Shopify-Api-Version", "2026-10"),
        ];

        var read = ShopifyWebhookHeaders.Read(headers, out var problem)!;
        problem.ShouldBeNull();
        read.ShouldBe(new ShopifyWebhookHeaders(
            "orders/create", "alpine.myshopify.com", "w", "e", "h", "2026-10",
            new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero).AddTicks(1_234_567)));
        ShopifyWebhookHeaders.Read(headers[1..], out problem).ShouldBeNull();
        problem.ShouldBe("X-Shopify-Topic is missing");
    }
}
