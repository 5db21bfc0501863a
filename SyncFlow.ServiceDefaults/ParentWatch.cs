using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SyncFlow.ServiceDefaults;

/// <summary>
/// Ends this process when the host that started it is gone: a host that is killed cannot stop its services, and a
/// service nobody knows about would go on publishing. Does nothing without <c>SyncFlow:ParentPid</c>.
/// </summary>
internal sealed partial class ParentWatch(
    IConfiguration configuration, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ParentWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration["SyncFlow:ParentPid"] is not { Length: > 0 } text)
        {
            return;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            throw new InvalidOperationException($"SyncFlow:ParentPid must be a process id, not '{text}'.");
        }

        using var parent = Find(pid);
        using var timer = new PeriodicTimer(LookEvery, time);
        while (parent is { HasExited: false })
        {
            if (!await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                return;
            }
        }

        ParentGone(log, pid);
        lifetime.StopApplication();
    }

    private static Process? Find(int pid)
    {
        try
        {
            return Process.GetProcessById(pid);
        }
        catch (ArgumentException)
        {
            return null; // Gone before we looked.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The host that started this process ({Pid}) is gone; stopping.")]
    private static partial void ParentGone(ILogger log, int pid);
}
