using System.Text.RegularExpressions;

namespace SyncFlow.Tests.Architecture;

/// <summary>Style that a compiler does not see. Every message says what to do.</summary>
internal static partial class TidyRules
{
    public const int LongestFile = 350;

    /// <summary>A file has one reason; one that grew past the limit has two.</summary>
    public static IEnumerable<string> Length(SourceFile file)
    {
        var lines = file.Text.Count(letter => letter == '\n');
        if (lines > LongestFile)
        {
            yield return $"{file.Path} has {lines} lines (at most {LongestFile}): split it by reason.";
        }
    }

    /// <summary>A type is found by its namespace: project and folders.</summary>
    public static IEnumerable<string> Namespace(SourceFile file)
    {
        var expected = Path.GetDirectoryName(file.Path)!.Replace('\\', '/').Replace('/', '.');
        var declared = NamespaceLine().Matches(file.Text).Select(match => match.Groups[1].Value).ToList();
        if (declared.Count > 0 && !declared.Contains(expected))
        {
            yield return $"{file.Path} declares namespace {declared[0]}; its folder says {expected}.";
        }
    }

    /// <summary>Open work belongs to an issue, not to a comment.</summary>
    public static IEnumerable<string> OpenEnds(SourceFile file)
    {
        return OpenEnd().Matches(file.Text).Select(match => $"{file.Path} says '{match.Value}': finish it, or write an issue.");
    }

    /// <summary>A document has one title.</summary>
    public static IEnumerable<string> Titles(SourceFile file)
    {
        var titles = TitleLine().Count(CodeBlock().Replace(file.Text, ""));
        if (titles != 1)
        {
            yield return $"{file.Path} has {titles} titles (lines that start with '# '); it needs one.";
        }
    }

    /// <summary>Decisions are numbered once, and those that are referred to exist.</summary>
    public static IEnumerable<string> Decisions(IReadOnlyCollection<SourceFile> files)
    {
        var numbers = files.Select(file => DecisionFile().Match(file.Path)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();
        foreach (var twice in numbers.GroupBy(number => number).Where(group => group.Count() > 1))
        {
            yield return $"Decision {twice.Key} exists {twice.Count()} times: give the newer one the next number.";
        }

        foreach (var file in files)
        {
            foreach (var number in DecisionReference().Matches(file.Text).Select(match => match.Groups[1].Value).Distinct().Except(numbers))
            {
                yield return $"{file.Path} refers to decision {number}, which does not exist.";
            }
        }
    }

    [GeneratedRegex(@"^\s*namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"\b(TO" + "DO|FIX" + @"ME)\b")]
    private static partial Regex OpenEnd();

    [GeneratedRegex("^# ", RegexOptions.Multiline)]
    private static partial Regex TitleLine();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^docs/decisions/(\d{4})-[^/]+\.md$")]
    private static partial Regex DecisionFile();

    [GeneratedRegex(@"\b(?:docs/decisions/|decisions/|ADR |ADR-)(\d{4})\b")]
    private static partial Regex DecisionReference();
}
