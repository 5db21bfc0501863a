using Npgsql;
using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Redis;

namespace SyncFlow.Benchmarks.Scale;

/// <summary>
/// Two workers beside one, each a process on a core of its own: the backlog of some merchants applied by the first, by both,
/// and by the second alone after the first was killed. When that happens it is also seen how soon the other holds all leases.
/// The database takes about as much processor time as the workers do, and has no core of its own: on few cores each worker
/// may use a part of its core only (<see cref="CoreShare"/>), so that what is measured is whether workers stand in each
/// other's way, and not that cores have run out. A fifth is little enough on two cores: the database needs
/// up to one and a half times as much for an event as a worker, so with both at work half of the cores stays free.
/// </summary>
internal static class ScaleBenchmark
{
    public const string OrdersOption = "--orders";
    public const long DefaultOrders = 40_000;
    public const string PercentOption = "--percent";
    public const long DefaultPercent = 20;

    private const int Merchants = 4;
    private const int Skus = 500;
    private const int WarmUp = 2_000;
    private const int Rounds = 3;
    private const int SecondWarmUps = 4;

    /// <summary>Events stored so far ahead of their time are touched by nobody until they are made due, all at once.</summary>
    private static readonly TimeSpan NotDueFor = TimeSpan.FromHours(1);

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CheckFailedException("A process is pinned by taskset, which only Linux has.");
        }

        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var redis = new RedisConnection(servers.Redis);
        var wakeUps = new WakeUps(redis);
        var backlogs = new List<OrderBacklog>();
        for (var merchant = 0; merchant < Merchants; merchant++)
        {
            backlogs.Add(new OrderBacklog(
                servers, await BenchMerchant.CreateAsync(servers, $"scale-{merchant}", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false)));
        }

        var (orders, percent) = ((int)options[OrdersOption], (int)options[PercentOption]);
        await using var first = WorkerProcess.StartOn(core: 0, servers);
        await ApplyAsync(WarmUp).ConfigureAwait(false);
        await UntilHeldAsync(servers, first, time, ct).ConfigureAwait(false);
        var limited = first.Limit(percent);
        var one = await SeveralAsync().ConfigureAwait(false);

        await using var second = WorkerProcess.StartOn(core: 1 % Environment.ProcessorCount, servers);
        for (var round = 0; round < SecondWarmUps; round++)
        {
            await ApplyAsync(WarmUp).ConfigureAwait(false); // The first takes its part of each.
        }

        second.Limit(percent);
        var both = await SeveralAsync().ConfigureAwait(false);

        await first.KillAsync(ct).ConfigureAwait(false);
        var moved = await UntilHeldAsync(servers, second, time, ct).ConfigureAwait(false);
        var other = await SeveralAsync().ConfigureAwait(false);
        foreach (var backlog in backlogs)
        {
            await backlog.CheckAsync(ct).ConfigureAwait(false);
        }

        results.Add("scale.cores", Environment.ProcessorCount, "cores");
        results.Add("scale.worker_percent_of_core", limited ? percent : 100, "%");
        results.Add("scale.one_worker_per_s", Math.Round((one + other) / 2), "events/s");
        results.Add("scale.two_workers_per_s", Math.Round(both), "events/s");
        results.Add("scale.ratio", both / ((one + other) / 2), "ratio");
        results.Add("leases.moved_s", moved.TotalSeconds, "s");

        // The median of several, for one stall of the disk is a third of a round.
        async Task<double> SeveralAsync()
        {
            var rounds = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                rounds.Add(await ApplyAsync(orders).ConfigureAwait(false));
            }

            return rounds.Order().ElementAt(Rounds / 2);
        }

        // Events a second, from the moment they became due.
        async Task<double> ApplyAsync(int count)
        {
            var ahead = new ShiftedTime(time, NotDueFor);
            foreach (var backlog in backlogs)
            {
                await backlog.StoreAsync(count / Merchants, random => random.Next(Skus), ahead, ct).ConfigureAwait(false);
            }

            await servers.ExecuteAsync("UPDATE inbox SET next_attempt_at = now() WHERE state = 0", ct).ConfigureAwait(false);
            foreach (var backlog in backlogs)
            {
                await wakeUps.PublishAsync(WakeUpKind.Inbox, backlog.Merchant.Tenant.Value).ConfigureAwait(false);
            }

            var took = await UntilAsync("the backlog was applied", "SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0)", servers, time, ct).ConfigureAwait(false);
            return count / took.TotalSeconds;
        }
    }

    /// <summary>How long until a worker holds the lease of every connection.</summary>
    private static Task<TimeSpan> UntilHeldAsync(BenchServers servers, WorkerProcess worker, TimeProvider time, CancellationToken ct) => UntilAsync(
        "the leases moved",
        $"""
        SELECT count(*) = (SELECT count(*) FROM connections) FROM connection_runtime
        WHERE lease_until > clock_timestamp() AND strpos(lease_owner, '{worker.Mark}') > 0
        """,
        servers, time, ct);

    /// <summary>Waits until a query says yes; returns how long that took.</summary>
    private static async Task<TimeSpan> UntilAsync(string what, string sql, BenchServers servers, TimeProvider time, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(servers.ConnectionString);
#pragma warning disable CA2100 // Statements are this benchmark's; a process id is a number.
        using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        var since = time.GetTimestamp();
        while (!(bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!)
        {
            if (time.GetElapsedTime(since) > Limit)
            {
                throw new CheckFailedException($"scale: {Limit.TotalMinutes:0} minutes passed before {what}.");
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }

        return time.GetElapsedTime(since);
    }

    /// <summary>A clock that is ahead.</summary>
    private sealed class ShiftedTime(TimeProvider time, TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + by;
    }
}
