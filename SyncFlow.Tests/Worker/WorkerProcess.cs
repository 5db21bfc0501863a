using System.Diagnostics;
using System.Globalization;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;

namespace SyncFlow.Tests.Worker;

/// <summary>The built worker as a process of its own, so that it can be ended as kill -9 does.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private static readonly Service Program = new("worker", "SyncFlow.Worker", SandboxOnly: false, []);

    private readonly Process process;

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>Names it in the owners of leases.</summary>
    public string Id => process.Id.ToString(CultureInfo.InvariantCulture);

    public static WorkerProcess Start(IReadOnlyDictionary<string, string?> settings)
    {
        var command = ServicePrograms.CommandLine(Program);
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Logging__LogLevel__Default"] = "None";
        var worker = new WorkerProcess(Process.Start(start)!);
        worker.process.BeginOutputReadLine();
        worker.process.BeginErrorReadLine();
        return worker;
    }

    /// <summary>As kill -9: nothing is finished, nothing given back.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }
}
