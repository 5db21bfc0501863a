namespace SyncFlow.Simulator.Buyers;

/// <summary>Draws ranks so that rank k comes up in proportion to 1 / k^s.</summary>
internal sealed class ZipfChoice
{
    private readonly double[] _cumulative;

    internal ZipfChoice(int count, double exponent)
    {
        _cumulative = new double[count];
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        {
            sum += 1 / Math.Pow(i + 1, exponent);
            _cumulative[i] = sum;
        }
    }

    /// <summary>A rank from 0; <paramref name="draw"/> lies in [0, 1).</summary>
    internal int Pick(double draw)
    {
        var at = Array.BinarySearch(_cumulative, draw * _cumulative[^1]);
        return Math.Min(at >= 0 ? at : ~at, _cumulative.Length - 1);
    }
}
