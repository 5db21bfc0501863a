using System.Text.Json;
using SyncFlow.Core.Checks;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>Mappings for systems that many merchants have; they come with the product, and a merchant's own may stand in their place.</summary>
public static class ReadyMappings
{
    private const string Suffix = ".mapping.json";

    private static readonly IReadOnlyDictionary<string, string> All = typeof(ReadyMappings).Assembly.GetManifestResourceNames()
        .Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)).ToDictionary(name => name[..^Suffix.Length], Load, StringComparer.Ordinal);

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => All.Keys.Order(StringComparer.Ordinal);

    /// <summary>The document of one, or null.</summary>
    public static string? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>A mapping by its name.</summary>
    /// <param name="own">The merchant's own document of this name; null where there is none.</param>
    /// <returns>Null where there is no such mapping, or its document is not one (any more).</returns>
    public static SourceMapping? Read(string name, string? own)
    {
        ArgumentNullException.ThrowIfNull(name);
        if ((own ?? Find(name)) is not { } text)
        {
            return null;
        }

        using var document = JsonDocument.Parse(text);
        return MappingReader.Read(document.RootElement, new Check());
    }

    private static string Load(string resource)
    {
        using var text = new StreamReader(typeof(ReadyMappings).Assembly.GetManifestResourceStream(resource)!);
        return text.ReadToEnd();
    }
}
