using System.Globalization;

namespace SyncFlow.AppHost.Servers;

/// <summary>
/// Ends a server whose starter was killed without a chance to stop it. PostgreSQL and Redis cannot watch a parent, so
/// a small shell loop does: it looks once a second, signals the server when the starter is gone, and removes the
/// server's folder if that was temporary. It ends with the server. Windows has no such shell; there the next start
/// finds and stops what was left behind.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private const string Loop =
        """
        while kill -0 "$1" 2>/dev/null; do
          kill -0 "$2" 2>/dev/null || exit 0
          sleep 1
        done
        kill -"$3" "$2" 2>/dev/null
        while kill -0 "$2" 2>/dev/null; do sleep 0.2; done
        [ -n "$4" ] && rm -rf -- "$4"
        exit 0
        """;

    private readonly OwnedProcess? loop;

    private Watchdog(OwnedProcess? loop) => this.loop = loop;

    /// <summary>Starts watching this process, which started <paramref name="server"/>.</summary>
    /// <param name="server">The server to end.</param>
    /// <param name="signal">The signal that makes it end cleanly and fast: INT for PostgreSQL, TERM for Redis.</param>
    /// <param name="temporaryFolder">A folder to remove afterwards, or null.</param>
    /// <param name="starter">The process to watch in place of this one, for a test.</param>
    public static Watchdog Over(OwnedProcess server, string signal, string? temporaryFolder, int? starter = null)
    {
        if (OperatingSystem.IsWindows())
        {
            return new Watchdog(null);
        }

        string[] command =
        [
            "/bin/sh", "-c", Loop, "syncflow-watchdog",
            (starter ?? Environment.ProcessId).ToString(CultureInfo.InvariantCulture),
            server.Id.ToString(CultureInfo.InvariantCulture),
            signal,
            temporaryFolder ?? "",
        ];
        return new Watchdog(OwnedProcess.Start(command, "/dev/null", workingFolder: "/"));
    }

    public void Dispose()
    {
        loop?.Kill();
        loop?.Dispose();
    }
}
