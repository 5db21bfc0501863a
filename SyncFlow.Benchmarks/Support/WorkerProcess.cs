using System.Diagnostics;
using System.Globalization;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;

namespace SyncFlow.Benchmarks.Support;

/// <summary>The built worker as a process of its own, as it is deployed; another program may start it.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process process;
    private CoreShare? share;

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>Whether it is the owner that a lease names.</summary>
    public string Mark => string.Create(CultureInfo.InvariantCulture, $"/{process.Id}/");

    /// <summary>A worker on one core only. Needs Linux and <c>taskset</c>.</summary>
    /// <exception cref="CheckFailedException">There is no way to pin it.</exception>
    public static WorkerProcess StartOn(int core, BenchServers servers) =>
        Start(servers, ["taskset", "-c", core.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>A worker that may use what it needs.</summary>
    public static WorkerProcess Start(BenchServers servers) => Start(servers, []);

    private static WorkerProcess Start(BenchServers servers, IReadOnlyList<string> starter)
    {
        string[] command =
        [
            .. starter, .. ServicePrograms.CommandLine(ServiceContract.Worker),
            "--ConnectionStrings:syncflow=" + servers.ConnectionString, "--ConnectionStrings:redis=" + servers.Redis,
            "--SyncFlow:SecretsKey=" + ProductStand.SecretsKey, "--Channels:Shopify:BaseUrl=http://127.0.0.1:9/{shop}",
            "--Logging:LogLevel:Default=None", "--urls=http://127.0.0.1:0",
        ];
        try
        {
            var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
            process.BeginOutputReadLine();
            return new WorkerProcess(process);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CheckFailedException($"{command[0]} is missing, which starts a worker.");
        }
    }

    /// <summary>From here on it may use a part of its core only. Not before it is warm: to compile takes it seconds of a whole one.</summary>
    /// <param name="percent">Of the core; 100 is all of it.</param>
    /// <returns>Whether the kernel let us say so.</returns>
    public bool Limit(int percent)
    {
        share = percent < 100 ? CoreShare.TryMake(string.Create(CultureInfo.InvariantCulture, $"syncflow-bench-{process.Id}"), percent) : null;
        share?.Take(process.Id);
        return share is not null;
    }

    /// <summary>As <c>kill -9</c>: nothing is finished, nothing given back.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        process.Kill();
        await process.WaitForExitAsync(ct).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync(CancellationToken.None).ConfigureAwait(false);
        }

        process.Dispose();
        share?.Dispose();
    }
}
