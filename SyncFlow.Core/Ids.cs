namespace SyncFlow.Core;

/// <summary>A merchant account; it owns everything below it.</summary>
public readonly record struct TenantId(long Value);

/// <summary>An authorised link to an outside system.</summary>
public readonly record struct ConnectionId(long Value);

/// <summary>A place that holds stock.</summary>
public readonly record struct LocationId(long Value);

/// <summary>A merchant's stock keeping unit.</summary>
public readonly record struct SkuId(long Value);

/// <summary>A SKU as offered on a channel.</summary>
public readonly record struct ListingId(long Value);

/// <summary>A listing at one of the channel's own locations: the unit we publish to.</summary>
public readonly record struct LevelId(long Value);
