using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SyncFlow.AppHost.Servers;

/// <summary>
/// A process that this one started and ends. It runs in a session of its own, so that Ctrl+C in the terminal reaches
/// only us and we stop things in order; its output goes to a file without passing through us.
/// </summary>
internal sealed class OwnedProcess : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process process;
    private volatile bool disposed;

    private OwnedProcess(Process process, string logFile)
    {
        this.process = process;
        LogFile = logFile;
    }

    public int Id => process.Id;

    public string LogFile { get; }

    /// <summary>Whether it has ended; a disposed one has, whoever still looks at it while its successor starts.</summary>
    public bool HasExited => disposed || process.HasExited;

    /// <summary>Exit code of a process that has ended.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="logFile">Where its output is appended.</param>
    /// <param name="environment">Variables set for it on top of ours; null removes one.</param>
    /// <param name="workingFolder">Its current folder; null for ours.</param>
    public static OwnedProcess Start(
        IReadOnlyList<string> command,
        string logFile,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingFolder = null)
    {
        var start = OperatingSystem.IsWindows() ? DirectStart(command) : SessionStart(command, logFile);
        start.UseShellExecute = false;
        start.WorkingDirectory = workingFolder ?? "";
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)
            ?? throw new InvalidOperationException($"{command[0]} could not be started.");
        process.StandardInput.Close();
        if (OperatingSystem.IsWindows())
        {
            PumpOutput(process, logFile);
        }

        return new OwnedProcess(process, logFile);
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => process.WaitForExitAsync(cancellation);

    /// <summary>Asks the process to end (SIGTERM) and, when it has not within <paramref name="limit"/>, kills it.</summary>
    /// <returns>True when it ended by itself.</returns>
    public async Task<bool> StopAsync(TimeSpan limit)
    {
        if (!process.HasExited)
        {
            RequestEnd();
        }

        return await WaitOrKillAsync(limit).ConfigureAwait(false);
    }

    /// <summary>Waits for the process to end and kills it and its children after <paramref name="limit"/>.</summary>
    /// <returns>True when it ended by itself.</returns>
    public async Task<bool> WaitOrKillAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            Kill();
            return false;
        }
    }

    /// <summary>Ends the process and its children at once.</summary>
    public void Kill()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
    }

    /// <summary>The end of what the process wrote, for a message about its failure.</summary>
    public string LastOutput() => LogTail.Read(LogFile);

    public void Dispose()
    {
        disposed = true;
        process.Dispose();
    }

    private void RequestEnd()
    {
        if (OperatingSystem.IsWindows())
        {
            process.Kill(entireProcessTree: true); // Windows has no polite signal for a process without a window.
        }
        else
        {
            _ = NativeMethods.Kill(process.Id, SigTerm); // Fails only when it ended meanwhile, which the wait sees.
        }
    }

    private static ProcessStartInfo DirectStart(IReadOnlyList<string> command)
    {
        return new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    /// <summary>The shell opens the log and then becomes the program, so the process id stays the one we hold.</summary>
    private static ProcessStartInfo SessionStart(IReadOnlyList<string> command, string logFile)
    {
        string[] session = ServerLocator.Tool("setsid") is { } setsid ? [setsid] : [];
        return new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1", logFile, .. session, .. command])
        {
            RedirectStandardInput = true,
        };
    }

    private static void PumpOutput(Process process, string logFile)
    {
        var log = TextWriter.Synchronized(new StreamWriter(logFile, append: true) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => log.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => log.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
