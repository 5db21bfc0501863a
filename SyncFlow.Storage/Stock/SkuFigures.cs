using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Stock;

/// <summary>Figures of a SKU that are stored beside its state, so that the screens only sum.</summary>
internal readonly record struct SkuFigures(int Available, int Exposure)
{
    public static SkuFigures Of(SkuState sku, EngineContext context)
    {
        var exposure = Exposures.Of(sku, context);
        return new SkuFigures(exposure.Available, exposure.Units);
    }
}
