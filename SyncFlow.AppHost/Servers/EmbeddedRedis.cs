using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncFlow.AppHost.Servers;

/// <summary>
/// A Redis of our own on a loopback port, without persistence: everything in it may vanish at any moment and nothing
/// is lost, so nothing is worth writing to disk.
/// </summary>
internal sealed class EmbeddedRedis : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private readonly OwnedProcess process;

    private readonly Watchdog watchdog;

    private EmbeddedRedis(OwnedProcess process, Watchdog watchdog, int port)
    {
        this.process = process;
        this.watchdog = watchdog;
        Port = port;
    }

    public int Port { get; }

    /// <summary>StackExchange.Redis configuration: <c>127.0.0.1:port</c>.</summary>
    public string Configuration => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="logFile">Where its output is appended.</param>
    /// <param name="port">A fixed port, for a test that restarts Redis; null takes a free one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ServerNotFoundException">redis-server is not installed.</exception>
    /// <exception cref="ServerFailedException">It ended while starting, or does not answer; the message has its last output.</exception>
    public static async Task<EmbeddedRedis> StartAsync(string logFile, int? port, CancellationToken cancellation)
    {
        var chosen = port ?? LoopbackPorts.Free();
        string[] command =
        [
            ServerLocator.RedisServer(),
            "--port", chosen.ToString(CultureInfo.InvariantCulture),
            "--bind", "127.0.0.1",
            "--save", "",
            "--appendonly", "no",
            "--dir", Path.GetTempPath(),
            "--loglevel", "warning",
        ];
        var process = OwnedProcess.Start(command, logFile);
        var watchdog = Watchdog.Over(process, "TERM", temporaryFolder: null);
        var server = new EmbeddedRedis(process, watchdog, chosen);
        try
        {
            await server.WaitUntilReadyAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Returns when the server has ended, however that came.</summary>
    public Task WaitForExitAsync(CancellationToken cancellation) => process.WaitForExitAsync(cancellation);

    /// <summary>Ends the server as a crash would, at once.</summary>
    public void Kill() => process.Kill();

    public async ValueTask DisposeAsync()
    {
        await process.StopAsync(StopLimit).ConfigureAwait(false);
        watchdog.Dispose();
        process.Dispose();
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (!await AnswersAsync(cancellation).ConfigureAwait(false))
        {
            if (process.HasExited || watch.Elapsed > StartLimit)
            {
                throw new ServerFailedException(
                    $"redis-server did not start. Its log ({process.LogFile}) ends:{Environment.NewLine}{process.LastOutput()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port, cancellation).ConfigureAwait(false);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), cancellation).ConfigureAwait(false);
            var answer = new byte[16];
            var length = await stream.ReadAsync(answer, cancellation).ConfigureAwait(false);
            return Encoding.ASCII.GetString(answer, 0, length).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return false; // Not listening yet; the caller's limit ends the wait.
        }
    }
}
