using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Stock;

/// <summary>Figures of a SKU that are stored beside its state, so that the screens only sum.</summary>
internal readonly record struct SkuFigures(int Available, int Exposure, int Shortfall, long OversoldUnits, long OversoldGuardedUnits)
{
    public static SkuFigures Of(SkuState sku, EngineContext context)
    {
        var available = sku.Pools
            .Where(p => p.Opened && context.Locations.TryGetValue(p.Location, out var l) && l.FulfillsOnline)
            .Sum(p => p.Buckets.Unencumbered - sku.Policy.SafetyBuffer);
        var bound = sku.Levels
            .Where(l => context.Channels.TryGetValue(l.Connection, out var channel) && channel.Sells)
            .GroupBy(l => l.Connection)
            .Sum(unit => Math.Max(0, unit.Sum(l => l.UpperBound)));
        return new SkuFigures(available, Math.Max(0, bound - Math.Max(0, available)), 0, 0, 0);
    }
}
