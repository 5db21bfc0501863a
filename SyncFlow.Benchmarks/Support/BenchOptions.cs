using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>What a benchmark is told on the command line: <c>--name number</c>, each with a default.</summary>
internal sealed class BenchOptions
{
    private readonly Dictionary<string, long> values;

    private BenchOptions(Dictionary<string, long> values) => this.values = values;

    /// <summary>The number of an option.</summary>
    public long this[string name] => values[name];

    /// <summary>The same with a benchmark's own options at their defaults.</summary>
    public BenchOptions With(IReadOnlyDictionary<string, long> defaults) => new(values.Concat(defaults).ToDictionary());

    /// <summary>Reads the options a benchmark knows; says what is wrong instead where something is.</summary>
    /// <param name="args">What follows the benchmark's name.</param>
    /// <param name="defaults">The options it knows.</param>
    public static (BenchOptions? Options, string? Wrong) Read(IReadOnlyList<string> args, IReadOnlyDictionary<string, long> defaults)
    {
        var values = defaults.ToDictionary();
        values.TryAdd(SyncDelay.Option, 0);
        values.TryAdd(StatementTrace.Option, 0);
        values.TryAdd(WaitTrace.Option, 0);
        for (var i = 0; i < args.Count; i += 2)
        {
            if (!values.ContainsKey(args[i]))
            {
                return (null, $"No option is named '{args[i]}'.");
            }

            if (i + 1 == args.Count || !long.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            {
                return (null, $"'{args[i]}' needs a number above zero.");
            }

            values[args[i]] = number;
        }

        return (new BenchOptions(values), null);
    }
}
