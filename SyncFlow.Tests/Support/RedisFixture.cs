using System.Globalization;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

[assembly: AssemblyFixture(typeof(RedisFixture))]

namespace SyncFlow.Tests.Support;

/// <summary>
/// A real Redis for tests. Take it as a constructor argument. It is the one that <c>SYNCFLOW_TEST_REDIS</c> names
/// (a StackExchange.Redis configuration), else one of our own that lives as long as the run and starts when the first
/// test asks. Tests that stop Redis start their own by <see cref="StartOwnAsync"/>.
/// </summary>
public sealed class RedisFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);

    private EmbeddedRedis? server;

    private string? configuration;

    private int users;

    /// <summary>
    /// The shared server's configuration with a channel prefix of its own, so that wake-ups of one test do not reach
    /// another. Skips the calling test where no server can be had (fails in CI).
    /// </summary>
    public async Task<string> ConfigurationAsync()
    {
        await gate.WaitAsync();
        try
        {
            configuration ??= Environment.GetEnvironmentVariable("SYNCFLOW_TEST_REDIS");
            if (string.IsNullOrEmpty(configuration))
            {
                server = await StartAsync(port: null);
                configuration = server.Configuration;
            }

            users++;
            return string.Create(CultureInfo.InvariantCulture, $"{configuration},channelPrefix=test{users}:");
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A Redis for one test alone, to stop and start at will. The test disposes of it.</summary>
    /// <param name="port">The port of one stopped before, to come back under the same address; null takes a free one.</param>
    internal static Task<EmbeddedRedis> StartOwnAsync(int? port = null) => StartAsync(port);

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        gate.Dispose();
    }

    private static Task<EmbeddedRedis> StartAsync(int? port)
    {
        var log = OperatingSystem.IsWindows() ? Path.GetTempFileName() : "/dev/null";
        return TestServers.StartOrSkipAsync(limit => EmbeddedRedis.StartAsync(log, port, limit));
    }
}
