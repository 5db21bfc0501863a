using System.Text;
using SyncFlow.Channels.Shopify;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Secrets;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// What signs webhooks: a connection's own secret, else the app's. Each may have one before it that still counts for a
/// while, since Shopify goes on signing with it after a change. Without any no webhook is accepted.
/// </summary>
internal sealed class ShopifySecrets(IConfiguration configuration, CredentialVault vault, TimeProvider time)
{
    private readonly byte[][] ofApp =
    [
        .. new[] { configuration["Channels:Shopify:ClientSecret"], configuration["Channels:Shopify:PreviousClientSecret"] }
            .Where(secret => !string.IsNullOrEmpty(secret)).Select(secret => Encoding.UTF8.GetBytes(secret!)),
    ];

    /// <summary>The app's secrets, the newest first: they sign session tokens too.</summary>
    public IReadOnlyList<byte[]> OfApp => ofApp;

    /// <summary>Whether one of the owner's secrets signs a body.</summary>
    public bool Verify(ShopConnection owner, ReadOnlySpan<byte> body, string? hmac)
    {
        foreach (var secret in Of(owner))
        {
            if (ShopifyWebhookVerifier.Verify(body, hmac, secret))
            {
                return true;
            }
        }

        return false;
    }

    private byte[][] Of(ShopConnection owner)
    {
        if (owner.WebhookSecret is not { } own)
        {
            return ofApp;
        }

        var bound = SecretOwner.Webhook(owner.Tenant, owner.Connection);
        byte[] Opened(byte[] secret) => Encoding.UTF8.GetBytes(vault.Open(bound, secret));
        return owner.SecretBefore is { } before && time.GetUtcNow() < owner.BeforeUntil ? [Opened(own), Opened(before)] : [Opened(own)];
    }
}
