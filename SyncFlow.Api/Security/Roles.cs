using static SyncFlow.Api.Security.Permission;

namespace SyncFlow.Api.Security;

/// <summary>What a person is to a tenant. The names are stored.</summary>
internal enum Role
{
    /// <summary>Everything of the tenant.</summary>
    MerchantAdmin,

    /// <summary>Runs stock and channels; not people, keys, money or the tenant itself.</summary>
    OperationsManager,

    /// <summary>Works on stock, only at the locations named for him.</summary>
    WarehouseManager,

    /// <summary>Looks, and changes nothing.</summary>
    SupportAnalyst,

    /// <summary>Of the platform and of no tenant; enters one in an emergency, with a reason, for an hour at most.</summary>
    PlatformSuperAdmin,
}

/// <summary>The permission table: every role and what it may do. This file is the only place that says so.</summary>
internal static class Roles
{
    // A merchant admin, O operations manager, W warehouse manager (at his locations), S support analyst,
    // E platform super admin who has entered the tenant, P platform super admin outside tenants,
    // K may be given to partners' API keys.
    private static readonly (Permission Permission, string Holders)[] Table =
    [
        (ConnectionsRead,    "A O W S E   "),
        (ConnectionsOperate, "A O     E   "),
        (ConnectionsManage,  "A       E   "),
        (CatalogRead,        "A O W S E   K"),
        (CatalogWrite,       "A O     E   "),
        (LocationsRead,      "A O W S E   K"),
        (LocationsWrite,     "A O     E   "),
        (StockRead,          "A O W S E   K"),
        (StockWrite,         "A O W   E   K"),
        (CountsReview,       "A O W   E   "),
        (ReservationsRead,   "A O W S E   K"),
        (ReservationsWrite,  "A O     E   K"),
        (OversellsRead,      "A O W S E   "),
        (OversellsDecide,    "A O     E   "),
        (PoliciesRead,       "A O   S E   "),
        (PoliciesWrite,      "A O     E   "),
        (OperationsRead,     "A O   S E   "),
        (OperationsRun,      "A O     E   "),
        (BrakesRead,         "A O W S E   "),
        (BrakesSet,          "A O     E   "),
        (ChangesRead,        "A O   S E   "),
        (ChangesMake,        "A O     E   "),
        (SourcesRead,        "A O   S E   K"),
        (SourcesWrite,       "A O     E   K"),
        (SourcesManage,      "A       E   "),
        (InsightsRead,       "A O   S E   "),
        (KeysRead,           "A       E   "),
        (KeysManage,         "A           "),
        (UsersRead,          "A O   S E   "),
        (UsersManage,        "A           "),
        (AuditRead,          "A O   S E   "),
        (TenantRead,         "A O   S E   "),
        (TenantManage,       "A           "),
        (TenantExport,       "A           "),
        (TenantDelete,       "A           "),
        (BillingRead,        "A O   S E   "),
        (BillingManage,      "A           "),
        (PlatformRead,       "          P "),
        (PlatformEnter,      "          P "),
        (PlatformManage,     "          P "),
    ];

    /// <summary>What a partner's key may be given at most.</summary>
    public static readonly PermissionSet PartnerKeys = Column('K');

    /// <summary>What a super admin may do inside a tenant that he has entered.</summary>
    public static readonly PermissionSet Entered = Column('E');

    private static readonly Dictionary<Role, PermissionSet> ByRole = new()
    {
        [Role.MerchantAdmin] = Column('A'),
        [Role.OperationsManager] = Column('O'),
        [Role.WarehouseManager] = Column('W'),
        [Role.SupportAnalyst] = Column('S'),
        [Role.PlatformSuperAdmin] = Column('P'),
    };

    /// <summary>What a role may do.</summary>
    public static PermissionSet Of(Role role) => ByRole[role];

    /// <summary>Whether people of a tenant may have it.</summary>
    public static bool IsOfTenant(Role role) => role != Role.PlatformSuperAdmin;

    private static PermissionSet Column(char holder) =>
        PermissionSet.Of(Table.Where(row => row.Holders.Contains(holder, StringComparison.Ordinal)).Select(row => row.Permission));
}
