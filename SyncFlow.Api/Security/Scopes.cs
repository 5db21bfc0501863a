using static SyncFlow.Api.Security.Permission;

namespace SyncFlow.Api.Security;

/// <summary>
/// What an API key may do. A scope is a permission, or one of four names for many: <c>*</c>, <c>read</c>, <c>write</c>
/// and <c>operate</c>. One scope does not hold another: a key that reads and writes has both.
/// </summary>
internal static class Scopes
{
    /// <summary>Everything of the tenant.</summary>
    public const string All = "*";

    private static readonly Dictionary<string, PermissionSet> Named = new(StringComparer.Ordinal)
    {
        [All] = PermissionSet.Tenant,
        ["read"] = PermissionSet.Of(
        [
            ConnectionsRead, CatalogRead, LocationsRead, StockRead, ReservationsRead, OversellsRead, PoliciesRead, OperationsRead,
            BrakesRead, ChangesRead, SourcesRead, InsightsRead,
        ]),
        ["write"] = PermissionSet.Of(
            [CatalogWrite, LocationsWrite, StockWrite, CountsReview, ReservationsWrite, OversellsDecide, PoliciesWrite, ChangesMake, SourcesWrite]),
        ["operate"] = PermissionSet.Of([ConnectionsOperate, ConnectionsManage, OperationsRun, BrakesSet, SourcesManage]),
    };

    /// <summary>Whether a text is a scope that a key may have.</summary>
    public static bool IsKnown(string scope) =>
        Named.ContainsKey(scope) || (Permissions.TryParse(scope, out var permission) && !permission.IsOfPlatform());

    /// <summary>What scopes allow together. One that is not known allows nothing.</summary>
    public static PermissionSet Of(IEnumerable<string> scopes) =>
        scopes.Aggregate(PermissionSet.None, (set, scope) => set.And(Of(scope)));

    private static PermissionSet Of(string scope) => Named.TryGetValue(scope, out var named)
        ? named
        : Permissions.TryParse(scope, out var permission) && !permission.IsOfPlatform() ? PermissionSet.Of([permission]) : PermissionSet.None;
}
