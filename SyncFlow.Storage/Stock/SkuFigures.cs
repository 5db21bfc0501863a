using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Stock;

/// <summary>Figures of a SKU that are stored beside its state, so that the screens only sum.</summary>
internal readonly record struct SkuFigures(int Available, int Exposure)
{
    public static SkuFigures Of(WorkingSet set, SkuState sku)
    {
        var exposure = Exposures.Of(set, sku);
        return new SkuFigures(exposure.Available, exposure.Units);
    }
}
