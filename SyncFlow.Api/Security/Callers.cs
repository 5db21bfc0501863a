using SyncFlow.Api.Shopify;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>Finds who shows a secret: an API key, a session of ours, or a session token of a store's admin.</summary>
internal sealed class Callers(CallerCache cache, MemberDesk members, ShopifySessions sessions)
{
    /// <summary>The caller; null where nobody known shows it.</summary>
    /// <param name="secret">At most <see cref="LongestToken"/> letters.</param>
    public async ValueTask<KnownCaller?> FindAsync(string secret, CancellationToken ct)
    {
        var hash = Secrets.Hash(secret);
        return IsSessionToken(secret)
            ? await cache.FindAsync(hash, stop => OfShopAsync(secret, stop), ct).ConfigureAwait(false)
            : await cache.FindAsync(hash, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether only the database can say that a secret is none: a session token's signature is looked at before, and what
    /// opened something lately is no guess.
    /// </summary>
    public bool MayBeGuess(string secret) => !IsSessionToken(secret) && !cache.HasSeen(Secrets.Hash(secret));

    /// <summary>Session tokens of stores are longer than our own secrets.</summary>
    public const int LongestToken = 4_096;

    private static bool IsSessionToken(string secret) => secret.AsSpan().Count('.') == 2;

    private async Task<CallerRecord?> OfShopAsync(string token, CancellationToken ct)
    {
        var (caller, _) = await sessions.IdentifyAsync(token, ct).ConfigureAwait(false);
        if (caller is not { Shop: { } shop, Session: { } session })
        {
            return null; // Forged, out of its time, for another app, or of a store that is not connected.
        }

        var member = await members.OfShopAsync(shop.Tenant.Value, MemberDesk.ShopUser(session.Shop, session.UserId), ct).ConfigureAwait(false);
        return member.Status == MemberStatus.Active
            ? new CallerRecord(
                shop.Tenant.Value, CallerKind.Member, member.Id, member.Email ?? member.Name, member.Role, [], member.LocationIds, session.ExpiresAt)
            : null;
    }
}
