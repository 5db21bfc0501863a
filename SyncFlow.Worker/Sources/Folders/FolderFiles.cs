using System.Globalization;
using System.Text.RegularExpressions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Worker.Sources.Folders;

/// <summary>A file that lies ready.</summary>
/// <param name="AsOf">Of a refresh: the moment its name says, else when it was last written.</param>
/// <param name="Sequence">Of a refresh: the number its name says.</param>
internal sealed record FolderFile(FileInfo File, SourceFileKind Kind, DateTimeOffset AsOf, long? Sequence)
{
    /// <summary>Says that a file is whole.</summary>
    public FileInfo Marker => new(File.FullName + FolderFiles.DoneSuffix);
}

/// <summary>
/// A source's directory on disk: <c>{root}/{tenant}/{folder}</c>. Nothing outside of it is touched: names are plain, and
/// whatever is a link, or lies behind one, is not followed.
/// </summary>
internal sealed partial class FolderFiles(string root, TimeSpan settle, TimeProvider time)
{
    public const string DoneSuffix = ".done";

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (long Size, DateTime Written)> _seen = [];

    /// <summary>Files that could not be read or moved away: until when they are left alone, and how long that was.</summary>
    private readonly Dictionary<string, (DateTimeOffset Until, TimeSpan Wait)> _stuck = [];
    private readonly Lock _gate = new();

    /// <summary>The directory; null with why where it cannot be used.</summary>
    public DirectoryInfo? Open(long tenant, string folder, out string? problem)
    {
        var at = new DirectoryInfo(root);
        foreach (var part in new[] { tenant.ToString(CultureInfo.InvariantCulture) }.Concat(folder.Split('/')))
        {
            at = new DirectoryInfo(Path.Combine(at.FullName, part));
            problem = part is "." or ".." || !PlainName().IsMatch(part) ? $"'{part}' is no plain name"
                : !at.Exists ? $"there is no directory {folder}"
                : at.LinkTarget is not null ? $"{part} is a link"
                : null;
            if (problem is not null)
            {
                return null;
            }
        }

        problem = null;
        return at;
    }

    /// <summary>
    /// Files that lie ready, by name: with a marker beside them, or quiet for some time and seen so twice. Files under
    /// other names (hidden, <c>.part</c>, <c>.tmp</c>) are still being written.
    /// </summary>
    public IReadOnlyList<FolderFile> Ready(DirectoryInfo directory)
    {
        lock (_gate)
        {
            foreach (var gone in _seen.Keys.Concat(_stuck.Keys).Where(path => !File.Exists(path)).ToList())
            {
                _seen.Remove(gone);
                _stuck.Remove(gone);
            }

            var ready = new List<FolderFile>();
            foreach (var file in directory.EnumerateFiles().OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                if (file.LinkTarget is null && !IsStuck(file.FullName) && Name().Match(file.Name) is { Success: true } name && IsWhole(file))
                {
                    ready.Add(Of(file, name));
                }
            }

            return ready;
        }
    }

    /// <summary>The first file of the directory that could not be read or moved away, and is still there.</summary>
    public string? Stuck(DirectoryInfo directory)
    {
        lock (_gate)
        {
            return _stuck.Keys.Where(path => Path.GetDirectoryName(path) == directory.FullName && File.Exists(path)).Select(Path.GetFileName).Min(StringComparer.Ordinal);
        }
    }

    /// <summary>Moves a file away; returns where it is now.</summary>
    public static string Move(FolderFile file, string place, DateTimeOffset at)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{at:yyyyMMddTHHmmssfffZ}-{file.File.Name}");
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(file.File.DirectoryName!, place)).FullName, name);
        File.Move(file.File.FullName, target);
        return target;
    }

    /// <summary>Writes the report beside where a file was moved, and takes its marker away.</summary>
    public static Task ReportAsync(FolderFile file, string moved, string report, CancellationToken ct)
    {
        file.Marker.Delete();
        return File.WriteAllTextAsync(moved + ".report.json", report, ct);
    }

    /// <summary>
    /// A file that cannot be read or moved is left alone for ten seconds, and twice as long each time, ten minutes at most: it would be
    /// taken in again at each look, and those behind it never.
    /// </summary>
    public void LeaveAlone(FolderFile file)
    {
        lock (_gate)
        {
            var path = file.File.FullName;
            var wait = _stuck.TryGetValue(path, out var before) ? before.Wait * 2 : FirstWait;
            wait = wait > LongestWait ? LongestWait : wait;
            _stuck[path] = (time.GetUtcNow() + wait, wait);
        }
    }

    private bool IsStuck(string path) => _stuck.TryGetValue(path, out var stuck) && time.GetUtcNow() < stuck.Until;

    private bool IsWhole(FileInfo file)
    {
        if (File.Exists(file.FullName + DoneSuffix))
        {
            return true;
        }

        var now = (file.Length, file.LastWriteTimeUtc);
        var before = _seen.GetValueOrDefault(file.FullName);
        _seen[file.FullName] = now;
        return before == now && time.GetUtcNow() - file.LastWriteTimeUtc >= settle;
    }

    private static FolderFile Of(FileInfo file, Match name)
    {
        var kind = name.Groups["kind"].Value == "refresh" ? SourceFileKind.FullRefresh : SourceFileKind.History;
        var said = DateTimeOffset.TryParseExact(
            name.Groups["at"].Value, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var asOf);
        return new FolderFile(
            file, kind, said ? asOf : new DateTimeOffset(file.LastWriteTimeUtc),
            long.TryParse(name.Groups["sequence"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : null);
    }

    [GeneratedRegex(@"^(?<kind>refresh|history)[A-Za-z0-9_-]*?(-(?<at>\d{8}T\d{6}Z))?(-(?<sequence>\d{1,16}))?\.csv$")]
    private static partial Regex Name();

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}$")]
    private static partial Regex PlainName();
}
