namespace SyncFlow.Storage.Tenancy;

/// <summary>Something of which a tenant may have a number. The names are stored.</summary>
public enum Quota
{
    Connections,
    Locations,
    Users,
    ApiKeys,
    StoreGroups,
    Skus,
}

/// <summary>How much of something a tenant has, and may have.</summary>
public sealed record QuotaUse(Quota Quota, long Used, long Most);

/// <summary>The usual numbers; a tenant's own stand in the database.</summary>
public static class Quotas
{
    /// <summary>What a tenant may have of something, where nothing else was said.</summary>
    public static long Usual(Quota quota) => quota switch
    {
        Quota.Connections => 100,
        Quota.Locations => 10_000,
        Quota.Users => 500,
        Quota.ApiKeys => 200,
        Quota.StoreGroups => 200,
        Quota.Skus => 1_000_000,
        _ => throw new ArgumentOutOfRangeException(nameof(quota), quota, "It has no usual number."),
    };
}
