using SyncFlow.AppHost.Servers;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// Our own Redis, kept running: when it dies it is started again under the same port, after a pause that doubles
/// (0.5 s to 10 s), and counted. What was in it is gone, and nobody needs it: see docs/decisions/0004.
/// </summary>
internal sealed class KeptRedis : IAsyncDisposable
{
    /// <summary>Its name in the summary.</summary>
    public const string Name = "redis";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();

    private readonly string logFile;

    private readonly TimeProvider time;

    private readonly Task supervision;

    private EmbeddedRedis server;

    private int restarts;

    private KeptRedis(EmbeddedRedis server, string logFile, TimeProvider time)
    {
        (this.server, this.logFile, this.time) = (server, logFile, time);
        Configuration = server.Configuration;
        supervision = SuperviseAsync();
    }

    /// <summary>The same from start to end.</summary>
    public string Configuration { get; }

    /// <summary>How often it died and was started again.</summary>
    public int Restarts => Volatile.Read(ref restarts);

    /// <summary>The server that runs now, for a test that kills it.</summary>
    public EmbeddedRedis Server => Volatile.Read(ref server);

    /// <summary>Starts the server and its supervision.</summary>
    /// <exception cref="ServerNotFoundException">redis-server is not installed.</exception>
    /// <exception cref="ServerFailedException">It does not start the first time.</exception>
    public static async Task<KeptRedis> StartAsync(string logFile, TimeProvider time, CancellationToken cancellation) =>
        new(await EmbeddedRedis.StartAsync(logFile, port: null, cancellation).ConfigureAwait(false), logFile, time);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await supervision.ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task SuperviseAsync()
    {
        try
        {
            while (true)
            {
                await server.WaitForExitAsync(stopping.Token).ConfigureAwait(false);
                Interlocked.Increment(ref restarts);
                await RestartAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The run stops; the server is stopped by whoever asked.
        }
    }

    private async Task RestartAsync()
    {
        var dead = server;
        for (var pause = FirstPause; ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
        {
            await Task.Delay(pause, time, stopping.Token).ConfigureAwait(false);
            try
            {
                Volatile.Write(ref server, await EmbeddedRedis.StartAsync(logFile, dead.Port, stopping.Token).ConfigureAwait(false));
                await dead.DisposeAsync().ConfigureAwait(false);
                return;
            }
            catch (ServerFailedException)
            {
                // Its log says why (the port may be taken for a moment); services do without it and try again later.
            }
        }
    }
}
