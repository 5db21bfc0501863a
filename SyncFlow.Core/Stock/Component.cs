namespace SyncFlow.Core.Stock;

/// <summary>A part of a kit.</summary>
/// <param name="Sku">The part; a kit again, down to <see cref="KitLimits.MostDepth"/>.</param>
/// <param name="Units">Units of it in one unit of the kit, &gt; 0.</param>
public readonly record struct Component(SkuId Sku, int Units);

/// <summary>Limits of kits. A kit is planned, and locked, together with everything that shares a part with it.</summary>
public static class KitLimits
{
    /// <summary>Most components of one kit.</summary>
    public const int MostComponents = 50;

    /// <summary>Most units of one component in one kit.</summary>
    public const int MostUnits = 10_000;

    /// <summary>Most kits on the way from a kit to its last parts, itself included.</summary>
    public const int MostDepth = 3;

    /// <summary>Most SKUs that kits may tie together.</summary>
    public const int MostTied = 500;
}
