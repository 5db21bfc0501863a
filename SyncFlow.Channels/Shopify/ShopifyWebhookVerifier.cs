using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.Channels.Shopify;

/// <summary>Proves that a webhook's body came from Shopify: HMAC-SHA256 over the raw body, keyed with the app's client secret.</summary>
public static class ShopifyWebhookVerifier
{
    /// <summary>Base64 of 32 bytes.</summary>
    private const int SignatureLength = 44;

    /// <summary>Whether the header signs exactly this body. The comparison takes the same time wherever the two differ.</summary>
    /// <param name="body">Raw bytes as received.</param>
    /// <param name="hmacHeader">Value of <c>X-Shopify-Hmac-Sha256</c>; null when absent.</param>
    /// <param name="secret">The client secret, UTF-8.</param>
    public static bool Verify(ReadOnlySpan<byte> body, string? hmacHeader, ReadOnlySpan<byte> secret)
    {
        if (hmacHeader is null || hmacHeader.Length != SignatureLength || secret.IsEmpty)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[SignatureLength];
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes + 1];
        if (!Encoding.ASCII.TryGetBytes(hmacHeader, text, out _)
            || Base64.DecodeFromUtf8(text, given, out _, out var length) != System.Buffers.OperationStatus.Done
            || length != SHA256.HashSizeInBytes)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, body, expected);
        return CryptographicOperations.FixedTimeEquals(expected, given[..length]);
    }
}
