using System.Collections.Immutable;
using SyncFlow.Core.Preorders;

namespace SyncFlow.Core.Allocation;

/// <summary>How a SKU's available-to-sell is shown to its channels, as the merchant wishes it.</summary>
public enum SharingMode : short
{
    /// <summary>Every channel shows all of it; fastest to sell out; may oversell by what is on its way.</summary>
    Shared = 1,

    /// <summary>Disjoint shares; nothing can be oversold while the assumptions hold.</summary>
    Guard = 2,

    /// <summary>Shared while there is plenty, guard when it gets short.</summary>
    Adaptive = 3,
}

/// <summary>The mode in force.</summary>
public enum EffectiveMode : short
{
    /// <inheritdoc cref="SharingMode.Shared"/>
    Shared = 1,

    /// <summary>On the way from shared to guard: only decreases, until the shares fit into what there is.</summary>
    EnteringGuard = 2,

    /// <inheritdoc cref="SharingMode.Guard"/>
    Guard = 3,
}

/// <summary>The merchant's settings for a SKU.</summary>
/// <param name="Mode">The wish.</param>
/// <param name="SafetyBuffer">Units per location that are never shown, ≥ 0.</param>
/// <param name="RiskBudget">Most units of exposure that shared mode may run while adaptive, ≥ 0.</param>
public sealed record SkuPolicy(SharingMode Mode, int SafetyBuffer, int RiskBudget)
{
    /// <summary>Who gets how much, from the most specific policy there is; null shares by weight alone.</summary>
    public AllocationPolicy? Allocation { get; init; }

    /// <summary>Times in which it is kept in guard, not yet over when they were read.</summary>
    public ImmutableArray<Launch> Launches { get; init; } = [];

    /// <summary>Whether it is sold before it is there; null where it is not.</summary>
    public Preorder? Preorder { get; init; }

    /// <summary>
    /// Whether corrections or counts of it, told with many others at once, wait for a person: they are booked, and none of
    /// its levels is raised meanwhile.
    /// </summary>
    public bool RaisesHeld { get; init; }

    /// <summary>Adaptive, no buffer, a risk budget of 10,000 units.</summary>
    public static SkuPolicy Default { get; } = new(SharingMode.Adaptive, 0, 10_000);
}
