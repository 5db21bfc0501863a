using SyncFlow.AppHost.Servers;
using Xunit;

namespace SyncFlow.Tests.Support;

/// <summary>What the fixtures that start servers share.</summary>
internal static class TestServers
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    /// <summary>A temporary folder that the account PostgreSQL runs under can pass through.</summary>
    public static DirectoryInfo CreateFolder()
    {
        var folder = Directory.CreateTempSubdirectory("syncflow-test-");
        if (!OperatingSystem.IsWindows())
        {
            // Made for its owner alone; root's servers run under another account. What is secret inside is locked itself.
            folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        }

        return folder;
    }

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
