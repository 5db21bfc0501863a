namespace SyncFlow.Storage.Configuration;

/// <summary>An authorised link to an outside system. Settings is JSON of <see cref="ConnectionSettings"/>; Credential is sealed.</summary>
public sealed class ConnectionRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ConnectionId { get; set; }
    public required string Kind { get; set; }
    public required string Name { get; set; }
    public string? Shop { get; set; }
    public short Status { get; set; }
    public int Generation { get; set; } = 1;
    public string Settings { get; set; } = "{}";
    public byte[]? Credential { get; set; }
    public byte[]? WebhookSecret { get; set; }
    public byte[]? WebhookSecretBefore { get; set; }
    public DateTimeOffset? WebhookSecretBeforeUntil { get; set; }
    public DateTimeOffset? TokenExpiresAt { get; set; }
    public DateTimeOffset? RefreshExpiresAt { get; set; }
    public DateTimeOffset? TokenRefreshedAt { get; set; }
    public long TokenRefreshes { get; set; }
    public string? TokenClaim { get; set; }
    public DateTimeOffset? TokenClaimedUntil { get; set; }
    public string? LastError { get; set; }
    public DateTimeOffset? LastErrorAt { get; set; }
    public double SettleSeconds { get; set; } = 10;
    public bool Deduplicates { get; set; }
    public string? Scopes { get; set; }
    public DateTimeOffset? ReinstalledAt { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>What a connection keeps while it runs: its lease, watermark and counters. Written by the worker.</summary>
public sealed class ConnectionRuntimeRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ConnectionId { get; set; }
    public string? LeaseOwner { get; set; }
    public long LeaseEpoch { get; set; }
    public DateTimeOffset? LeaseUntil { get; set; }
    public DateTimeOffset? OrdersWatermark { get; set; }
    public DateTimeOffset? LastVerifiedAt { get; set; }
    public long Calls { get; set; }
    public long Throttled { get; set; }
    public double? CostAvailable { get; set; }
    public double? CostRestore { get; set; }
    public long VerifyCycles { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>A place that holds stock.</summary>
public sealed class LocationRow : ITenantRow
{
    public long TenantId { get; set; }
    public long LocationId { get; set; }
    public required string Code { get; set; }
    public required string Name { get; set; }
    public bool FulfillsOnline { get; set; } = true;
    public int PoolGroup { get; set; } = 1;
    public bool OffersPickup { get; set; }
    public int SourceBuffer { get; set; }
    public bool InspectReturns { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public int Version { get; set; } = 1;
}

/// <summary>A channel's own location, and which of ours it is mapped to.</summary>
public sealed class ChannelLocationRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ConnectionId { get; set; }
    public required string ExternalLocationId { get; set; }
    public required string Name { get; set; }
    public bool Active { get; set; } = true;
    public bool FulfillsOnline { get; set; } = true;
    public long? LocationId { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
}
