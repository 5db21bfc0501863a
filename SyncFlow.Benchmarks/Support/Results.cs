using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>Prints figures in the one form that scripts read.</summary>
internal sealed class Results(TextWriter output)
{
    private readonly List<(string Name, double Value, string Unit)> all = [];

    /// <summary>Prints <c>RESULT name value unit</c>; the value with a point and no thousands signs.</summary>
    /// <param name="unit">One word; <c>ratio</c> for a share.</param>
    public void Add(string name, double value, string unit)
    {
        all.Add((name, value, unit));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"RESULT {name} {value:0.###} {unit}"));
    }

    /// <summary>Prints all figures so far as one table, with what each must reach.</summary>
    public void WriteTable()
    {
        output.WriteLine("| figure | value | unit | floor | holds |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (var (name, value, unit) in all)
        {
            var (floor, holds) = Floors.Of(name, value);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| `{name}` | {value:0.###} | {unit} | {floor} | {holds} |"));
        }
    }

    /// <summary>Things done in a second.</summary>
    public void AddRate(string name, int count, TimeSpan took, string unit) => Add(name, Math.Round(count / took.TotalSeconds), unit);
}
