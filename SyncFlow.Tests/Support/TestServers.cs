using SyncFlow.AppHost.Servers;
using Xunit;

namespace SyncFlow.Tests.Support;

/// <summary>What the fixtures that start servers share.</summary>
internal static class TestServers
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private const string Prefix = "syncflow-test-";

    /// <summary>Where Linux keeps files in memory.</summary>
    private const string MemoryFolder = "/dev/shm";

    /// <summary>What the databases of all tests that run at once need, several times over.</summary>
    private const long MemoryNeeded = 12L << 30;

    /// <summary>A temporary folder that the account PostgreSQL runs under can pass through.</summary>
    /// <param name="inMemory">In memory where there is plenty: a thousand databases are copied, and a slow disk would be most of the run.</param>
    public static DirectoryInfo CreateFolder(bool inMemory = false)
    {
        var folder = inMemory && HasMemory() ? CreateInMemory() : Directory.CreateTempSubdirectory(Prefix);
        if (!OperatingSystem.IsWindows())
        {
            // For its owner alone, to look into; root's servers run under another account. What is secret inside is locked itself.
            folder.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        }

        return folder;
    }

    private static DirectoryInfo CreateInMemory()
    {
        // A run that was killed leaves its folder, and no restart of the machine can be waited for.
        var dayAgo = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1);
        foreach (var left in new DirectoryInfo(MemoryFolder).EnumerateDirectories(Prefix + "*").Where(d => d.LastWriteTimeUtc < dayAgo))
        {
            left.Delete(recursive: true);
        }

        return Directory.CreateDirectory(Path.Combine(MemoryFolder, Prefix + Path.GetRandomFileName()));
    }

    private static bool HasMemory() => OperatingSystem.IsLinux() && Directory.Exists(MemoryFolder)
        && new DriveInfo(MemoryFolder).AvailableFreeSpace > MemoryNeeded && GC.GetGCMemoryInfo().TotalAvailableMemoryBytes > MemoryNeeded;

    /// <summary>Starts a server; where this machine has none the calling test is skipped with the reason (fails in CI).</summary>
    public static async Task<TServer> StartOrSkipAsync<TServer>(Func<CancellationToken, Task<TServer>> start)
    {
        try
        {
            using var limit = new CancellationTokenSource(StartLimit);
            return await start(limit.Token);
        }
        catch (ServerNotFoundException missing)
        {
            RefuseOrSkip(missing.Message);
            throw;
        }
    }

    /// <summary>Where a server is missing a test says so and is skipped; in CI that would hide a broken build.</summary>
    public static void RefuseOrSkip(string reason)
    {
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException("No server for this test, and CI=true asks for one: " + reason);
        }

        Assert.Skip(reason);
    }
}
