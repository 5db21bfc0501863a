namespace SyncFlow.Storage.Identity;

/// <summary>What a secret makes its holder. The numbers are stored.</summary>
public enum CallerKind : short
{
    /// <summary>A merchant's own system, by an API key.</summary>
    Key = 1,

    /// <summary>A partner's system, by an API key that was made for it.</summary>
    Partner = 2,

    /// <summary>A person of the tenant, by a session.</summary>
    Member = 3,

    /// <summary>A super admin of the platform who has entered the tenant, by a session.</summary>
    Entered = 4,

    /// <summary>A super admin of the platform, outside tenants.</summary>
    Platform = 5,
}

/// <summary>Whose secret it is.</summary>
/// <param name="TenantId">The tenant; 0 outside tenants.</param>
/// <param name="Id">The key's, the member's or the super admin's id, by kind.</param>
/// <param name="Name">For people and the audit log.</param>
/// <param name="Role">The person's role; null for keys.</param>
/// <param name="Scopes">What a key may do; empty for people.</param>
/// <param name="Locations">The locations whose stock it may change; null for all.</param>
/// <param name="ExpiresAt">Until when; null for ever.</param>
public sealed record CallerRecord(
    long TenantId, CallerKind Kind, long Id, string Name, string? Role, IReadOnlyList<string> Scopes, IReadOnlyList<long>? Locations,
    DateTimeOffset? ExpiresAt);
