using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>Who asks; one per request. The tenant comes from the secret, never from the request.</summary>
internal sealed class Caller
{
    private KnownCaller? known;

    /// <summary>The caller's tenant.</summary>
    /// <exception cref="InvalidOperationException">
    /// The request was not authenticated, or its caller stands outside tenants: the route lacks a rule.
    /// </exception>
    public long Tenant => Record.TenantId > 0 ? Record.TenantId : throw new InvalidOperationException("The caller belongs to no tenant.");

    /// <summary>The tenant; null for whoever stands outside tenants.</summary>
    public long? TenantOrNone => Record.TenantId > 0 ? Record.TenantId : null;

    /// <summary>Name of the key or the person, as it stands in ledgers and logs.</summary>
    public string Name => Record.Name;

    /// <summary>What the caller is.</summary>
    public CallerKind Kind => Record.Kind;

    /// <summary>The key's, member's or super admin's id, by kind.</summary>
    public long Id => Record.Id;

    /// <summary>The role; null for keys.</summary>
    public string? Role => Record.Role;

    /// <summary>The locations whose stock the caller may change; null for all.</summary>
    public IReadOnlyList<long>? Locations => Record.Locations;

    /// <summary>Whether nothing of some locations is kept from the caller himself: only then may he give, or take, access to them.</summary>
    /// <param name="locations">Null for all, which only who is held to none may give.</param>
    public bool MayGive(IReadOnlyList<long>? locations) =>
        Locations is not { } own || (locations is not null && locations.All(own.Contains));

    /// <summary>What the caller may do.</summary>
    public PermissionSet Permissions => Known.Permissions;

    /// <summary>The request's idempotency key, claimed for it; null where it has none.</summary>
    public string? IdempotencyKey { get; set; }

    /// <summary>Whether anyone was identified.</summary>
    public bool IsKnown => known is not null;

    private KnownCaller Known => known ?? throw new InvalidOperationException("The request has no caller.");

    private CallerRecord Record => Known.Record;

    /// <summary>What the caller showed. Never logged, never stored.</summary>
    public string Secret { get; private set; } = "";

    /// <summary>Whether a browser's cookie showed it.</summary>
    public bool CameByCookie { get; private set; }

    public void Identify(KnownCaller found, string secret, bool byCookie) => (known, Secret, CameByCookie) = (found, secret, byCookie);
}
