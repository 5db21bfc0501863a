#if FULLFEED
using SyncFlow.AppHost.Aspire;
#else
using System.CommandLine;
using SyncFlow.AppHost.Local;
#endif

namespace SyncFlow.AppHost;

/// <summary>Starts SyncFlow: by .NET Aspire in the full build, as processes on this machine in the portable one.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
#if FULLFEED
        return await AspireHost.RunAsync(args).ConfigureAwait(false);
#else
        var parsed = LocalOptions.Command(options => LocalHost.RunAsync(options, TimeProvider.System)).Parse(args);

        // Signals are ours: the run stops its servers in order, however long that takes.
        var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }).ConfigureAwait(false);
        return parsed.Errors.Count > 0 ? LocalHost.StartFailed : code;
#endif
    }
}
