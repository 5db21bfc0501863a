using System.Text.Json;

namespace SyncFlow.Simulator.Protocol;

/// <summary>One deliberate fault in the rules, to see that the tests catch it.</summary>
/// <param name="Id">Names it; begins with its rule.</param>
/// <param name="Rule">The rule (R1 to R17) or invariant (I1 to I7) of docs/protocol.md that it breaks, or the part of the stock rules: kit, preorder, inspection, brake, count, settlement.</param>
/// <param name="Means">What the rules do with it, in a sentence.</param>
/// <param name="File">The source it is planted in, from the root of the checkout.</param>
/// <param name="Find">Text that stands in the file exactly once.</param>
/// <param name="Replace">What stands there instead.</param>
/// <param name="Test">Class and method of the test that is known to catch it, which is tried first.</param>
internal sealed record PlantedFault(
    string Id, string Rule, string Means, string File, string Find, string Replace, string Test)
{
    /// <summary>How often its text stands in a source; once, or the list is out of date.</summary>
    public int Occurrences(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return (source.Length - source.Replace(Find, "", StringComparison.Ordinal).Length) / Find.Length;
    }

    /// <summary>The source with the fault in it.</summary>
    /// <exception cref="ArgumentException">Its text does not stand there exactly once.</exception>
    public string Plant(string source) => Occurrences(source) == 1
        ? source.Replace(Find, Replace, StringComparison.Ordinal)
        : throw new ArgumentException($"The text of {Id} stands {Occurrences(source)} times in {File}, not once.", nameof(source));
}

/// <summary>The list of planted faults.</summary>
internal static class PlantedFaults
{
    /// <summary>Where it is, from the root of the checkout.</summary>
    public const string Path = "eng/planted-faults.json";

    private static readonly JsonSerializerOptions Camel = new(JsonSerializerDefaults.Web);

    /// <summary>All of them, in their order.</summary>
    /// <param name="root">The checkout.</param>
    public static IReadOnlyList<PlantedFault> Load(string root) =>
        JsonSerializer.Deserialize<PlantedFault[]>(File.ReadAllText(System.IO.Path.Combine(root, Path)), Camel)
        ?? throw new JsonException($"{Path} is empty.");
}
