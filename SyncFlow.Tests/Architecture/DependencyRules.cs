using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SyncFlow.Tests.Architecture;

/// <summary>The hard lines between projects: who may reference whom, who may speak SQL, and what the domain may not touch.</summary>
internal static partial class DependencyRules
{
    private static readonly string[] Everyone =
    [
        "SyncFlow.Core", "SyncFlow.Storage", "SyncFlow.Channels", "SyncFlow.ServiceDefaults", "SyncFlow.Api", "SyncFlow.Worker",
        "SyncFlow.Insights", "SyncFlow.Simulator", "SyncFlow.AppHost", "SyncFlow.Tests", "SyncFlow.Benchmarks",
    ];

    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["SyncFlow.AppHost"] = ["SyncFlow.Api", "SyncFlow.Worker", "SyncFlow.Simulator"], // To build and start, never to compile against.
        ["SyncFlow.ServiceDefaults"] = [],
        ["SyncFlow.Core"] = [],
        ["SyncFlow.Storage"] = ["SyncFlow.Core"],
        ["SyncFlow.Channels"] = ["SyncFlow.Core"],
        ["SyncFlow.Api"] = ["SyncFlow.Core", "SyncFlow.Storage", "SyncFlow.Channels", "SyncFlow.ServiceDefaults"],
        ["SyncFlow.Worker"] = ["SyncFlow.Core", "SyncFlow.Storage", "SyncFlow.Channels", "SyncFlow.ServiceDefaults"],
        ["SyncFlow.Insights"] = ["SyncFlow.Core", "SyncFlow.Storage", "SyncFlow.ServiceDefaults"],
        ["SyncFlow.Simulator"] = ["SyncFlow.Core"],
        ["SyncFlow.Tests"] = Everyone,
        ["SyncFlow.Benchmarks"] = Everyone,
    };

    private static readonly string[] MayUsePostgresPackages =
        ["SyncFlow.Storage", "SyncFlow.ServiceDefaults", "SyncFlow.AppHost", "SyncFlow.Tests", "SyncFlow.Benchmarks"];

    /// <summary>What a project file breaks.</summary>
    /// <param name="project">The project's name.</param>
    /// <param name="text">The project file.</param>
    public static IEnumerable<string> InProjectFile(string project, string text)
    {
        if (!MayReference.TryGetValue(project, out var allowed))
        {
            yield return $"{project}: a new project needs its line in the table of references.";
            yield break;
        }

        var elements = XDocument.Parse(text).Descendants().ToList();
        foreach (var reference in elements.Where(element => element.Name.LocalName == "ProjectReference"))
        {
            var target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
            if (!allowed.Contains(target))
            {
                yield return $"{project} must not reference {target}.";
            }

            if (project == "SyncFlow.AppHost" && reference.Attribute("ReferenceOutputAssembly")?.Value != "false" && reference.Parent!.Attribute("Condition") is null)
            {
                yield return $"{project} starts {target} and must not compile against it.";
            }
        }

        foreach (var package in elements.Where(element => element.Name.LocalName == "PackageReference").Select(element => element.Attribute("Include")?.Value ?? ""))
        {
            if (project == "SyncFlow.Core")
            {
                yield return $"SyncFlow.Core must stay without packages, but references {package}.";
            }

            if ((package.StartsWith("Npgsql", StringComparison.Ordinal) || package.Contains("EntityFramework", StringComparison.Ordinal)) && !MayUsePostgresPackages.Contains(project))
            {
                yield return $"{project} must leave SQL to SyncFlow.Storage, but references {package}.";
            }
        }
    }

    /// <summary>What a source file of the domain uses that it must not.</summary>
    public static IEnumerable<string> InDomainSource(SourceFile file)
    {
        foreach (var (line, number) in file.Text.ReplaceLineEndings("\n").Split('\n').Select((line, index) => (line, index + 1)))
        {
            var code = Comment().Replace(line, "");
            if (Impure().Match(code) is { Success: true } found)
            {
                yield return $"{file.Path}:{number} uses '{found.Value}': the domain has no I/O, no clock, no async; pass it in.";
            }
        }
    }

    [GeneratedRegex("//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(
        @"\b(async|await|Task|ValueTask|Thread|Stopwatch|TimeProvider|HttpClient|DbConnection|Console)\b|\bSystem\.IO\b|\bFile\.|\bDirectory\."
        + @"|\bDateTime(Offset)?\.(Utc)?(Now|Today)\b|\bGuid\.(NewGuid|CreateVersion7)\b|\bRandom\.Shared\b|\busing (Microsoft|Npgsql|StackExchange)\b")]
    private static partial Regex Impure();
}
