using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;
using SyncFlow.AppHost.Servers;

namespace SyncFlow.Tests.AppHost;

/// <summary>
/// The built AppHost as a child process, the way <c>./run</c> starts it, with a data folder and an API port of its
/// own. Its children are found by their parent's id, so that a test kills its own and nobody else's. Linux only: it
/// reads <c>/proc</c>.
/// </summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    private static readonly Service Program = new("apphost", "SyncFlow.AppHost", SandboxOnly: false, []);

    /// <summary>Servers that the surroundings name would be shared with others; a run of ours has its own.</summary>
    private static readonly string[] NamedServers = ["ConnectionStrings__syncflow", "ConnectionStrings__redis"];

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan OrphanLimit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentQueue<string> lines = new();

    private readonly Process process;

    private AppHostProcess(Process process) => this.process = process;

    /// <summary>Everything it has written so far.</summary>
    public string Output => string.Join(Environment.NewLine, lines);

    /// <summary>The live view has begun: the services are healthy, the stores are live and buyers buy.</summary>
    public bool BuyersBuy => lines.Any(line => LiveLine().IsMatch(line));

    public static AppHostProcess Start(string dataFolder, string runFor, params string[] more)
    {
        var command = ServicePrograms.CommandLine(Program);
        var port = LoopbackPorts.Free().ToString(CultureInfo.InvariantCulture);
        string[] arguments = [.. command[1..], "--for", runFor, "--rate", "20", "--port", port, "--data", dataFolder, .. more];
        var start = new ProcessStartInfo(command[0], arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var variable in NamedServers)
        {
            start.Environment.Remove(variable);
        }

        var host = new AppHostProcess(Process.Start(start)!);
        host.process.OutputDataReceived += host.Keep;
        host.process.ErrorDataReceived += host.Keep;
        host.process.BeginOutputReadLine();
        host.process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until it ends by itself.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TimeoutException">It does not within the limit.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        await process.WaitForExitAsync().WaitAsync(limit);
        return process.ExitCode;
    }

    /// <summary>Ends its child whose command line contains <paramref name="program"/> as kill -9 does.</summary>
    /// <returns>The process id it had.</returns>
    public int KillChild(string program)
    {
        // A server's watchdog is a child too, but does not name the program.
        var id = ChildrenOf(process.Id).Single(child => CommandOf(child).Contains(program, StringComparison.Ordinal));
        Kill(id);
        return id;
    }

    /// <summary>The id of its child that runs <paramref name="program"/>; null while there is none.</summary>
    public int? Child(string program)
    {
        var ids = ChildrenOf(process.Id).Where(child => CommandOf(child).Contains(program, StringComparison.Ordinal)).ToList();
        return ids.Count == 1 ? ids[0] : null;
    }

    /// <summary>Stops it in order if it still runs; what outlives it is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            var descendants = DescendantsOf(process.Id);
            Commands.Run("/bin/sh", ["-c", "kill -TERM " + process.Id.ToString(CultureInfo.InvariantCulture)]);
            if (!await HasEndedWithinAsync(StopLimit))
            {
                process.Kill();
            }

            await process.WaitForExitAsync();
            await EndAsync(descendants);
        }

        process.Dispose();
    }

    private static async Task EndAsync(List<(int Id, string Started)> descendants)
    {
        var watch = Stopwatch.StartNew();
        while (descendants.Any(IsStillThere) && watch.Elapsed < OrphanLimit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }

        foreach (var (id, _) in descendants.Where(IsStillThere))
        {
            Kill(id);
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var child = Process.GetProcessById(id);
            child.Kill();
        }
        catch (ArgumentException)
        {
            // It ended meanwhile.
        }
    }

    private async Task<bool> HasEndedWithinAsync(TimeSpan limit)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(limit);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
        {
            lines.Enqueue(text);
        }
    }

    /// <summary>A process id is used again; with its start time it is unique.</summary>
    private static bool IsStillThere((int Id, string Started) seen) => Stat(seen.Id) is { } now && now.Started == seen.Started;

    private static List<(int Id, string Started)> DescendantsOf(int parent)
    {
        var children = ChildrenOf(parent);
        return
        [
            .. children.Select(id => (Id: id, Stat(id)?.Started)).Where(child => child.Started is not null).Select(child => (child.Id, child.Started!)),
            .. children.SelectMany(DescendantsOf),
        ];
    }

    private static List<int> ChildrenOf(int parent)
    {
        return
        [
            .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
                .Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
                .Where(id => Stat(id)?.Parent == parent),
        ];
    }

    /// <summary>Parent and start time of a process that runs, from proc(5): what follows the name in parentheses.</summary>
    private static (int Parent, string Started)? Stat(int id)
    {
        var text = ReadOrNothing(id, "stat");
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && fields[0] != "Z" ? (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[19]) : null;
    }

    private static string CommandOf(int id) => ReadOrNothing(id, "cmdline").Replace('\0', ' ');

    private static string ReadOrNothing(int id, string file)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/{file}"));
        }
        catch (IOException)
        {
            return ""; // It ended meanwhile.
        }
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d  orders ")]
    private static partial Regex LiveLine();
}
