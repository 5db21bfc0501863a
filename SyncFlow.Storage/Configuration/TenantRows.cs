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
    public DateTimeOffset? DeletionAskedAt { get; set; }
    public string? DeletionAskedBy { get; set; }
    public DateTimeOffset? DeletionDueAt { get; set; }
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
    public short Kind { get; set; } = 1;
    public string? Partner { get; set; }
    public string Hint { get; set; } = "";
    public long[]? LocationIds { get; set; }
    public string CreatedBy { get; set; } = "system";
    public DateTimeOffset? RevokedAt { get; set; }
    public long? RotatedTo { get; set; }
}
