using System.Globalization;
using SyncFlow.AppHost.Local;

namespace SyncFlow.Benchmarks.Memory;

/// <summary>Looks at a process's resident memory (what it holds of the machine's, libraries included) until disposed.</summary>
internal sealed class ResidentMemory : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource stop = new();

    private readonly List<double> seen = [];

    private readonly Task looking;

    private ResidentMemory(ServiceProcess process, TimeProvider time) => looking = LookAsync(process, time);

    /// <summary>The most it ever held, by the kernel's own account: nothing between two looks is missed.</summary>
    public double PeakMegabytes { get; private set; }

    /// <summary>What it held at half of the looks at most.</summary>
    public double MedianMegabytes => seen.Order().ElementAt(seen.Count / 2);

    /// <summary>What it held at the first look.</summary>
    public double FirstMegabytes => seen[0];

    public static ResidentMemory Watch(ServiceProcess process, TimeProvider time) => new(process, time);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
        stop.Dispose();
    }

    private async Task LookAsync(ServiceProcess process, TimeProvider time)
    {
        try
        {
            while (true)
            {
                if (process.ProcessId is { } id)
                {
                    var status = await File.ReadAllLinesAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status"), stop.Token).ConfigureAwait(false);
                    if (Megabytes(status, "VmHWM:") is { } peak && Megabytes(status, "VmRSS:") is { } now) // One that has just been killed holds nothing any more.
                    {
                        PeakMegabytes = Math.Max(PeakMegabytes, peak);
                        seen.Add(now);
                    }
                }

                await Task.Delay(LookEvery, time, stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Looked long enough.
        }
        catch (IOException)
        {
            // The process ended between two looks; whoever owns it says whether that was right.
        }
    }

    private static double? Megabytes(string[] status, string name) => Array.Find(status, l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? double.Parse(line.AsSpan(name.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024
        : null;
}
