namespace SyncFlow.Storage.Configuration;

/// <summary>A merchant's stock keeping unit and the wishes for it. CodeKey is the code as it is compared.</summary>
public sealed class SkuRow : ITenantRow
{
    public long TenantId { get; set; }
    public long SkuId { get; set; }
    public required string Code { get; set; }
    public required string CodeKey { get; set; }
    public string Title { get; set; } = "";
    public short Mode { get; set; } = 3;
    public int SafetyBuffer { get; set; }
    public int RiskBudget { get; set; } = 1_000;
    public DateTimeOffset CreatedAt { get; set; }
    public long? GroupId { get; set; }
    public bool ModeSet { get; set; }
    public bool RaisesHeld { get; set; }
}

/// <summary>A variant of a channel's catalog as imported.</summary>
public sealed class ChannelItemRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ConnectionId { get; set; }
    public required string VariantRef { get; set; }
    public required string ItemRef { get; set; }
    public required string ProductRef { get; set; }
    public string SkuText { get; set; } = "";
    public string Title { get; set; } = "";
    public bool Tracked { get; set; } = true;
    public bool OversellAllowed { get; set; }
    public bool IsBundle { get; set; }
    public bool Archived { get; set; }
    public DateTimeOffset SeenAt { get; set; }
}

/// <summary>A SKU as offered on a channel.</summary>
public sealed class ListingRow : ITenantRow
{
    public long TenantId { get; set; }
    public long ListingId { get; set; }
    public long ConnectionId { get; set; }
    public required string VariantRef { get; set; }
    public required string ItemRef { get; set; }
    public long SkuId { get; set; }
    public int UnitsPerSale { get; set; } = 1;
    public bool Active { get; set; } = true;
    public DateTimeOffset CreatedAt { get; set; }
}
