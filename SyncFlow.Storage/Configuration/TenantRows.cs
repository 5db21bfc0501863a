namespace SyncFlow.Storage.Configuration;

/// <summary>A row that belongs to a tenant; the context stamps the tenant on new rows and filters by it.</summary>
public interface ITenantRow
{
    /// <summary>Whose.</summary>
    long TenantId { get; set; }
}

/// <summary>A merchant account.</summary>
public sealed class TenantRow : ITenantRow
{
    public long TenantId { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>An API key; only its hash is kept.</summary>
public sealed class ApiKeyRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ApiKeyId { get; set; }
    public required string Name { get; set; }
    public required byte[] KeyHash { get; set; }
    public string[] Scopes { get; set; } = [];
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
}
