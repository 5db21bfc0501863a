namespace SyncFlow.Api.Security;

/// <summary>
/// One thing a caller may be allowed to do. Its text, for example <c>stock:write</c>, is the name without its last word
/// and that word; it is a scope of API keys and stands in the API's description. At most 64 of them.
/// </summary>
internal enum Permission
{
    ConnectionsRead,

    /// <summary>Pause, resume, test, import, baseline, go live.</summary>
    ConnectionsOperate,

    /// <summary>Connect a store, give it a new token, disconnect it.</summary>
    ConnectionsManage,

    /// <summary>SKUs, listings, mappings and their suggestions.</summary>
    CatalogRead,
    CatalogWrite,
    LocationsRead,
    LocationsWrite,

    /// <summary>Positions, explanations, ledger, operations, counts, transfers.</summary>
    StockRead,

    /// <summary>Operations, counts and transfers; with a location scope only at those locations.</summary>
    StockWrite,

    /// <summary>Approve or reject large variances of counts.</summary>
    CountsReview,
    ReservationsRead,
    ReservationsWrite,
    OversellsRead,

    /// <summary>Confirm or dismiss settlements, report actions done.</summary>
    OversellsDecide,

    /// <summary>Rules: source of truth, settlement, allocation, publication.</summary>
    PoliciesRead,
    PoliciesWrite,

    /// <summary>Pushes, runs, dead letters, incidents, drift, figures.</summary>
    OperationsRead,

    /// <summary>Begin and cancel runs, settle dead letters, close incidents.</summary>
    OperationsRun,
    BrakesRead,
    BrakesSet,

    /// <summary>Bulk changes: make, approve, reject, take back.</summary>
    ChangesRead,
    ChangesMake,
    SourcesRead,

    /// <summary>Report stock as a source does: positions and events.</summary>
    SourcesWrite,
    SourcesManage,
    InsightsRead,
    KeysRead,
    KeysManage,
    UsersRead,
    UsersManage,
    AuditRead,

    /// <summary>The tenant itself: quotas, store groups, invitations of stores.</summary>
    TenantRead,
    TenantManage,

    /// <summary>Take everything out, as files.</summary>
    TenantExport,

    /// <summary>Ask for the deletion of everything, and take that back.</summary>
    TenantDelete,
    BillingRead,
    BillingManage,

    /// <summary>Outside tenants: see which there are, and enter one in an emergency.</summary>
    PlatformRead,
    PlatformEnter,
    PlatformManage,
}

/// <summary>Texts of permissions.</summary>
internal static class Permissions
{
    private static readonly Dictionary<Permission, string> Texts = Enum.GetValues<Permission>().ToDictionary(p => p, TextFrom);

    private static readonly Dictionary<string, Permission> ByText = Texts.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>For example <c>stock:write</c>.</summary>
    public static string Text(this Permission permission) => Texts[permission];

    /// <summary>Whether it belongs outside tenants.</summary>
    public static bool IsOfPlatform(this Permission permission) => permission >= Permission.PlatformRead;

    /// <summary>Whether a text is a permission's.</summary>
    public static bool TryParse(string text, out Permission permission) => ByText.TryGetValue(text, out permission);

    private static string TextFrom(Permission permission)
    {
        var name = permission.ToString();
        var verb = name.Length - 1;
        while (!char.IsAsciiLetterUpper(name[verb]))
        {
            verb--;
        }

        return $"{char.ToLowerInvariant(name[0])}{name[1..verb]}:{char.ToLowerInvariant(name[verb])}{name[(verb + 1)..]}";
    }
}
