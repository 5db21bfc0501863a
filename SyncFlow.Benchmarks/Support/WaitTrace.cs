using System.Globalization;
using Npgsql;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// What the database's sessions waited for during a measurement: <c>pg_stat_activity</c> looked at many times a second, each
/// session that was in a statement counted once a look. Locks, syncs of the log and reads show here, and nowhere in a profile
/// of processors. Nothing is looked at unless it is asked for.
/// </summary>
internal sealed class WaitTrace : IAsyncDisposable
{
    /// <summary>The option that says how many events to print, the most seen first.</summary>
    public const string Option = "--waits";

    private const string Look =
        """
        SELECT coalesce(wait_event_type || ':' || wait_event, 'on a processor'), count(*)
        FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend' GROUP BY 1
        """;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(5);

    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stop = new();
    private readonly long most;
    private readonly Task looking;
    private long looks;

    private WaitTrace(BenchServers servers, long most, TimeProvider time)
    {
        this.most = most;
        looking = most == 0 ? Task.CompletedTask : Task.Run(() => LookAsync(servers.ConnectionString, time));
    }

    /// <summary>Begins to look, if it is asked for.</summary>
    public static WaitTrace Begin(BenchServers servers, BenchOptions options, TimeProvider time) => new(servers, options[Option], time);

    /// <summary>Ends the looks and prints what was seen, a line <c>WAIT ...</c> each: sessions on the average, and the event.</summary>
    public async Task PrintAsync()
    {
        await EndAsync().ConfigureAwait(false);
        foreach (var (name, count) in seen.OrderByDescending(pair => pair.Value).Take((int)most))
        {
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"WAIT {(double)count / looks:0.000} sessions | {name}")).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    private async Task EndAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
    }

    private async Task LookAsync(string database, TimeProvider time)
    {
        using var source = NpgsqlDataSource.Create(database);
        using var command = source.CreateCommand(Look);
        while (!stop.IsCancellationRequested)
        {
            await using (var row = await command.ExecuteReaderAsync().ConfigureAwait(false))
            {
                while (await row.ReadAsync().ConfigureAwait(false))
                {
                    seen[row.GetString(0)] = seen.GetValueOrDefault(row.GetString(0)) + row.GetInt64(1);
                }
            }

            looks++;
            await Task.Delay(Every, time).ConfigureAwait(false);
        }
    }
}
