using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Explaining;

/// <summary>
/// A SKU as it was known at a moment: pools from the ledger, levels from their history, settings from theirs. The rules
/// can be run on it as they were then.
/// </summary>
/// <param name="At">The moment, in recorded time.</param>
/// <param name="Code">The SKU's code.</param>
/// <param name="Names">What people call its locations and channels.</param>
/// <param name="Settings">Which version of the SKU's settings was in force; null when none is known.</param>
public sealed record StockMoment(
    DateTimeOffset At, string Code, SkuState Sku, EngineContext Context, StockNames Names, SettingsVersion? Settings)
{
    /// <summary>The SKU with all that kits tied to it then.</summary>
    public Cluster Tied { get; init; } = Cluster.Alone(Sku, Context);

    /// <summary>What kept levels from being raised then, beside the merchant's freezes.</summary>
    public GrowthStops Stops { get; init; } = GrowthStops.None;
}

/// <summary>A version of a SKU's settings.</summary>
/// <param name="Id">Rises with every change.</param>
/// <param name="Since">When it was made.</param>
public sealed record SettingsVersion(long Id, DateTimeOffset Since);

/// <summary>What people call locations and channels.</summary>
public sealed record StockNames(ImmutableDictionary<LocationId, string> Locations, ImmutableDictionary<ConnectionId, string> Channels)
{
    /// <summary>Codes of SKUs that are parts of kits.</summary>
    public ImmutableDictionary<SkuId, string> Skus { get; init; } = ImmutableDictionary<SkuId, string>.Empty;

    /// <summary>A SKU's code.</summary>
    public string Of(SkuId sku) => Skus.GetValueOrDefault(sku, $"SKU {sku.Value}");

    /// <summary>A location's code.</summary>
    public string Of(LocationId location) => Locations.GetValueOrDefault(location, $"location {location.Value}");

    /// <summary>A channel's name.</summary>
    public string Of(ConnectionId channel) => Channels.GetValueOrDefault(channel, $"connection {channel.Value}");
}
