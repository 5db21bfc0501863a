using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// A part of a core that processes may use and no more: a control group of the kernel's. Without the right to make one
/// there is none, and processes are kept on their core only.
/// </summary>
internal sealed class CoreShare : IDisposable
{
    /// <summary>The part is measured out in steps this short, so that a process that holds locks is not stopped for long.</summary>
    private const int PeriodMicroseconds = 10_000;

    private readonly string folder;

    private CoreShare(string folder) => this.folder = folder;

    /// <summary>Makes one; null where it cannot be had.</summary>
    /// <param name="percent">Of one core.</param>
    public static CoreShare? TryMake(string name, int percent)
    {
        var quota = (PeriodMicroseconds * percent / 100).ToString(CultureInfo.InvariantCulture);
        var period = PeriodMicroseconds.ToString(CultureInfo.InvariantCulture);
        const string First = "/sys/fs/cgroup/cpu", Second = "/sys/fs/cgroup";
        try
        {
            return Directory.Exists(First)
                ? Make(Path.Combine(First, name), ("cpu.cfs_period_us", period), ("cpu.cfs_quota_us", quota))
                : File.ReadAllText(Path.Combine(Second, "cgroup.subtree_control")).Split(' ').Contains("cpu")
                    ? Make(Path.Combine(Second, name), ("cpu.max", quota + " " + period))
                    : null;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>From here on the process, and what it starts, has this part only.</summary>
    public void Take(int process) =>
        File.WriteAllText(Path.Combine(folder, "cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));

    /// <summary>Removes it; its processes have ended.</summary>
    public void Dispose() => Directory.Delete(folder);

    private static CoreShare Make(string folder, params (string File, string Text)[] limits)
    {
        Directory.CreateDirectory(folder);
        try
        {
            foreach (var (file, text) in limits)
            {
                File.WriteAllText(Path.Combine(folder, file), text);
            }
        }
        catch
        {
            Directory.Delete(folder); // A group without its limit limits nothing.
            throw;
        }

        return new CoreShare(folder);
    }
}
