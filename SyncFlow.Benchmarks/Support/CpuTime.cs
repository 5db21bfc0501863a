using System.Diagnostics;
using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// Processor time of this process and of its database's processes: on a machine with other work it says what something
/// costs, where the wall clock says how long it waited. Linux only; elsewhere it is this process's alone.
/// </summary>
internal sealed class CpuTime
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux that .NET runs on.

    private readonly TimeSpan own;
    private readonly Dictionary<int, double> servers;

    private CpuTime(TimeSpan own, Dictionary<int, double> servers) => (this.own, this.servers) = (own, servers);

    /// <summary>What was spent until now.</summary>
    public static async Task<CpuTime> ReadAsync(BenchServers servers, CancellationToken ct)
    {
        var ids = await servers.ScalarAsync<int[]>("SELECT array_agg(pid) FROM pg_stat_activity", ct).ConfigureAwait(false);
        using var self = Process.GetCurrentProcess();
        return new CpuTime(self.TotalProcessorTime, ids.Select(id => (Id: id, Spent: Spent(id))).Where(p => p.Spent is not null).ToDictionary(p => p.Id, p => p.Spent!.Value));
    }

    /// <summary>What was spent since an earlier reading, by us and by the database.</summary>
    public (TimeSpan Own, TimeSpan Database) Since(CpuTime earlier) => (
        own - earlier.own,
        TimeSpan.FromSeconds(servers.Sum(now => now.Value - earlier.servers.GetValueOrDefault(now.Key))));

    /// <summary>Seconds that a process ran, user and system.</summary>
    private static double? Spent(int process)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat");
        try
        {
            // Fields follow the name, which is in brackets and may hold anything; 14 and 15 of all are user and system.
            var fields = File.ReadAllText(path).Split(") ", 2)[1].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return null; // It ended, or this is not Linux, or the server is not on this machine.
        }
    }
}
