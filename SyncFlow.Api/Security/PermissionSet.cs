using System.Collections;

namespace SyncFlow.Api.Security;

/// <summary>A set of permissions in one number: asked on every request.</summary>
internal readonly record struct PermissionSet(ulong Bits) : IEnumerable<Permission>
{
    public static readonly PermissionSet None = new(0);

    /// <summary>Everything inside a tenant.</summary>
    public static readonly PermissionSet Tenant = Of(Enum.GetValues<Permission>().Where(p => !p.IsOfPlatform()));

    /// <summary>Everything outside tenants.</summary>
    public static readonly PermissionSet Platform = Of(Enum.GetValues<Permission>().Where(p => p.IsOfPlatform()));

    public static PermissionSet Of(IEnumerable<Permission> permissions) =>
        new(permissions.Aggregate(0UL, (bits, permission) => bits | Bit(permission)));

    public bool Has(Permission permission) => (Bits & Bit(permission)) != 0;

    /// <summary>Whether nothing of another set is missing here.</summary>
    public bool Covers(PermissionSet other) => (other.Bits & ~Bits) == 0;

    public PermissionSet And(PermissionSet other) => new(Bits | other.Bits);

    public PermissionSet Without(PermissionSet other) => new(Bits & ~other.Bits);

    public IEnumerator<Permission> GetEnumerator()
    {
        foreach (var permission in Enum.GetValues<Permission>())
        {
            if (Has(permission))
            {
                yield return permission;
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static ulong Bit(Permission permission) => 1UL << (int)permission;
}
