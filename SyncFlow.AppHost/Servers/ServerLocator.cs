using System.Globalization;

namespace SyncFlow.AppHost.Servers;

/// <summary>
/// Finds PostgreSQL's programs and redis-server: first on PATH, then where the usual packages put them. Debian keeps
/// PostgreSQL's server programs off the PATH, in one folder per major version.
/// </summary>
internal static class ServerLocator
{
    /// <summary>Oldest PostgreSQL major version the schema runs on.</summary>
    public const int OldestPostgres = 15;

    private static readonly string[] VersionedPostgresRoots =
    [
        "/usr/lib/postgresql", // Debian, Ubuntu
        "/usr/libexec", // Alpine: postgresql15, postgresql16 ...
        "/opt/homebrew/opt", // Homebrew on Apple silicon: postgresql@16
        "/usr/local/opt", // Homebrew on Intel
        "/Applications/Postgres.app/Contents/Versions",
        @"C:\Program Files\PostgreSQL",
    ];

    private static readonly string[] PlainFolders =
        ["/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/usr/sbin"];

    private static string Exe => OperatingSystem.IsWindows() ? ".exe" : "";

    /// <summary>The folder that holds <c>initdb</c>, <c>postgres</c> and <c>pg_ctl</c>.</summary>
    /// <exception cref="ServerNotFoundException">There is none of a version that is new enough.</exception>
    public static string PostgresBin()
    {
        return FindPostgresBin(PathFolders(), VersionedPostgresRoots)
            ?? throw new ServerNotFoundException(
                $"PostgreSQL {OldestPostgres} or newer was not found. Install it (Debian and Ubuntu: "
                + "'apt-get install postgresql'; macOS: 'brew install postgresql@16'; Fedora: 'dnf install "
                + $"postgresql-server'), or set {EnvironmentContract.Postgres} to the connection string of a running one.");
    }

    /// <summary>The path of <c>redis-server</c> (or <c>valkey-server</c>, its continuation).</summary>
    /// <exception cref="ServerNotFoundException">There is none.</exception>
    public static string RedisServer()
    {
        return FindProgram("redis-server", PathFolders().Concat(PlainFolders))
            ?? FindProgram("valkey-server", PathFolders().Concat(PlainFolders))
            ?? throw new ServerNotFoundException(
                "redis-server was not found. Install it (Debian and Ubuntu: 'apt-get install redis-server'; macOS: "
                + $"'brew install redis'), or set {EnvironmentContract.Redis} to the address of a running one, "
                + "for example 127.0.0.1:6379.");
    }

    /// <summary>The path of a helper program, or null.</summary>
    public static string? Tool(string name) => FindProgram(name, PathFolders().Concat(PlainFolders));

    /// <summary>The newest suitable folder among <paramref name="pathFolders"/> and the versions below the roots.</summary>
    internal static string? FindPostgresBin(IEnumerable<string> pathFolders, IEnumerable<string> versionedRoots)
    {
        var onPath = pathFolders.Where(HasServerPrograms).Select(bin => (Bin: bin, Major: MajorVersion(bin)));
        var installed = versionedRoots.Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .SelectMany(folder => new[] { Path.Combine(folder, "bin"), folder })
            .Where(HasServerPrograms)
            .Select(bin => (Bin: bin, Major: MajorVersion(bin)))
            .OrderByDescending(found => found.Major);

        // What is on the PATH was put there on purpose, so it wins over a newer version elsewhere.
        return onPath.Concat(installed).FirstOrDefault(found => found.Major >= OldestPostgres).Bin;
    }

    private static bool HasServerPrograms(string folder)
    {
        return new[] { "initdb", "postgres", "pg_ctl" }.All(name => File.Exists(Path.Combine(folder, name + Exe)));
    }

    private static int MajorVersion(string bin)
    {
        // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
        var output = Commands.Run(Path.Combine(bin, "postgres" + Exe), ["--version"]).Output;
        var version = output.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(2) ?? "";
        var digits = string.Concat(version.TakeWhile(char.IsAsciiDigit));
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }

    private static string? FindProgram(string name, IEnumerable<string> folders)
    {
        return folders.Select(folder => Path.Combine(folder, name + Exe)).FirstOrDefault(File.Exists);
    }

    private static string[] PathFolders()
    {
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
