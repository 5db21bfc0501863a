using System.Globalization;
using SyncFlow.AppHost.Servers;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// Keeps one service running: a process that dies is started again after a pause that doubles (0.5 s to 10 s), and
/// counted. Every start of the process goes to the same log.
/// </summary>
internal sealed class ServiceProcess(
    string name,
    IReadOnlyList<string> command,
    string logFile,
    IReadOnlyDictionary<string, string?> environment,
    string url,
    bool watchesItsHost,
    TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>A process that ran this long did start well; the next pause is the first one again.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource stopping = new();

    private volatile OwnedProcess? process;

    private Watchdog? watchdog;

    private Task? supervision;

    private int restarts;

    public string Name => name;

    /// <summary>Its base address, without a slash at the end.</summary>
    public string Url => url;

    public string LogFile => logFile;

    /// <summary>How often it died and was started again.</summary>
    public int Restarts => Volatile.Read(ref restarts);

    /// <summary>Process id while it runs, for a test that kills it.</summary>
    public int? ProcessId => process is { HasExited: false } running ? running.Id : null;

    /// <summary>Starts the process and the supervision.</summary>
    public void Start()
    {
        process = Launch();
        supervision = SuperviseAsync();
    }

    /// <summary>Returns when the service answers its health check.</summary>
    /// <exception cref="StartFailedException">It does not within 60 s; the message ends with its log.</exception>
    public async Task WaitUntilHealthyAsync(HttpClient client, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (!await IsHealthyAsync(client, cancellation).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(start) > HealthLimit)
            {
                var died = Restarts == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" (it ended and was started again {Restarts} times)");
                throw new StartFailedException(
                    $"{Name} did not become healthy within {HealthLimit.TotalSeconds:0} s{died}. Its log ({logFile}) ends:"
                    + Environment.NewLine + LogTail.Read(logFile));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        if (supervision is not null)
        {
            await supervision.ConfigureAwait(false);
        }

        if (process is not null)
        {
            await process.StopAsync(StopLimit).ConfigureAwait(false);
            process.Dispose();
        }

        watchdog?.Dispose();
        stopping.Dispose();
    }

    private async Task SuperviseAsync()
    {
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var started = time.GetTimestamp();
                await process!.WaitForExitAsync(stopping.Token).ConfigureAwait(false);
                Interlocked.Increment(ref restarts);
                pause = time.GetElapsedTime(started) > Steady ? FirstPause : pause;
                await Task.Delay(pause, time, stopping.Token).ConfigureAwait(false);
                pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
                process.Dispose();
                process = Launch();
            }
        }
        catch (OperationCanceledException)
        {
            // The run stops; the process is stopped by whoever asked.
        }
    }

    private OwnedProcess Launch()
    {
        var launched = OwnedProcess.Start(command, logFile, environment);
        if (!watchesItsHost)
        {
            watchdog?.Dispose();
            watchdog = Watchdog.Over(launched, "TERM", temporaryFolder: null);
        }

        return launched;
    }

    private async Task<bool> IsHealthyAsync(HttpClient client, CancellationToken cancellation)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(url + ServiceContract.HealthPath), cancellation).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // Not listening yet, or between a death and its restart.
        }
    }
}
