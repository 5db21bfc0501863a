using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>
/// Everything the rules need of one SKU: it is loaded under the SKU's lock, decided on as a value, and written back in
/// the same transaction.
/// </summary>
public sealed record SkuState
{
    /// <summary>The SKU.</summary>
    public required SkuId Sku { get; init; }

    /// <summary>What the merchant set for it.</summary>
    public required SkuPolicy Policy { get; init; }

    /// <summary>The mode in force now (<see cref="SkuPolicy.Mode"/> is what the merchant asked for).</summary>
    public EffectiveMode Mode { get; init; } = EffectiveMode.Guard;

    /// <summary>How fast it sells.</summary>
    public Velocity Velocity { get; init; } = Velocity.None;

    /// <summary>Its sums per location.</summary>
    public ImmutableArray<Pool> Pools { get; init; } = [];

    /// <summary>Its levels on all channels.</summary>
    public ImmutableArray<LevelState> Levels { get; init; } = [];
}
