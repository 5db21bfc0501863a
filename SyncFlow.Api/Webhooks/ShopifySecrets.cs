using System.Runtime.CompilerServices;
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

    /// <summary>
    /// Secrets that were opened, by the connection as it was read: they go with what <see cref="ShopCache"/> remembers of it.
    /// </summary>
    private readonly ConditionalWeakTable<ShopConnection, Opened> opened = [];

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

        if (!opened.TryGetValue(owner, out var secrets))
        {
            secrets = Open(owner, own);
            opened.AddOrUpdate(owner, secrets);
        }

        return secrets.WithBefore is { } both && time.GetUtcNow() < owner.BeforeUntil ? both : secrets.Own;
    }

    private Opened Open(ShopConnection owner, byte[] own)
    {
        var bound = SecretOwner.Webhook(owner.Tenant, owner.Connection);
        byte[] Secret(byte[] secret) => Encoding.UTF8.GetBytes(vault.Open(bound, secret));
        var first = Secret(own);
        return new Opened([first], owner.SecretBefore is { } before && time.GetUtcNow() < owner.BeforeUntil ? [first, Secret(before)] : null);
    }

    /// <summary>A connection's own secret, and that with the one before where there is one.</summary>
    private sealed record Opened(byte[][] Own, byte[][]? WithBefore);
}
