using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>The paces of a SKU's channels beside the average of all, as of the last sale (see <see cref="Paces.Of"/>).</summary>
internal sealed class PaceScale
{
    private readonly SalesMemory _sales;
    private readonly double _average;
    private readonly double _averageStep;

    /// <summary>Of a SKU as it stands.</summary>
    public PaceScale(SkuState sku)
    {
        _sales = sku.Sales;
        var (sold, seconds) = (1.0, TimeSpan.FromDays(30).TotalSeconds);
        foreach (var pace in _sales.Channels)
        {
            sold += pace.Sold;
            seconds += pace.InStockSeconds;
        }

        _average = sold / seconds;
        _averageStep = Math.Round(2 * Math.Log2(_average));
    }

    /// <summary>A channel's pace, units per second.</summary>
    public double PaceOf(ConnectionId channel) => Math.Pow(2, StepOf(channel) / 2.0);

    /// <summary>In steps from the average of all: the first sale of a channel is no step, wherever the average lies.</summary>
    public int StepOf(ConnectionId channel)
    {
        var own = _sales.Of(channel);
        var rate = ((own?.Sold ?? 0) + Paces.Doubt) / ((own?.InStockSeconds ?? 0) + (Paces.Doubt / _average));
        return (int)(Math.Round(2 * Math.Log2(rate / _average)) + _averageStep);
    }
}
