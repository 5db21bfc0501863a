using SyncFlow.AppHost.Local;

namespace SyncFlow.Tests.Architecture;

/// <summary>A file of the checkout: path from the root with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The project folder, or an empty text at the root.</summary>
    public string Project => Path.Contains('/', StringComparison.Ordinal) ? Path[..Path.IndexOf('/', StringComparison.Ordinal)] : "";
}

/// <summary>The checkout's own files, without what is built, installed or kept by a run.</summary>
internal static class Sources
{
    private static readonly HashSet<string> Skipped = ["bin", "obj", ".git", ".syncflow", "node_modules", "TestResults", "artifacts", "dist", "wwwroot"];

    public static string Root { get; } = ServicePrograms.Checkout();

    private static readonly Lazy<IReadOnlyList<SourceFile>> Loaded = new(() => [.. Read(new DirectoryInfo(Root))]);

    /// <summary>Files whose names end with one of the endings.</summary>
    public static IEnumerable<SourceFile> With(params string[] endings)
    {
        return Loaded.Value.Where(file => endings.Any(ending => file.Path.EndsWith(ending, StringComparison.Ordinal)));
    }

    private static IEnumerable<SourceFile> Read(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles().Where(file => IsText(file.Name)))
        {
            yield return new SourceFile(Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'), File.ReadAllText(file.FullName));
        }

        foreach (var file in folder.EnumerateDirectories().Where(child => !Skipped.Contains(child.Name)).SelectMany(Read))
        {
            yield return file;
        }
    }

    private static bool IsText(string name)
    {
        return Path.GetExtension(name) is ".cs" or ".csproj" or ".props" or ".md" or ".sql" or ".sh" or ".ts" or ".tsx" or ".mjs" or ".yml" or ".yaml"
            || name is "run" or "test" or "bench";
    }
}
