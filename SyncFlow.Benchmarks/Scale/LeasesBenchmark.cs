using Microsoft.Extensions.Logging.Abstractions;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Benchmarks.Scale;

/// <summary>
/// What it costs that many connections are leased while nothing happens: three workers' keepers of leases, with loops that
/// do nothing, in this process. Seen are how soon one worker has all, how soon three have their shares, what the database
/// does then, and how soon two have the connections of a third that cannot speak any more.
/// </summary>
internal static class LeasesBenchmark
{
    public const string ConnectionsOption = "--connections";
    public const long DefaultConnections = 20_000;

    private const int Seconds = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var count = options[ConnectionsOption];
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await servers.ExecuteAsync($"INSERT INTO tenants (name) SELECT 'merchant ' || n FROM generate_series(1, {count / 2}) n", ct).ConfigureAwait(false);
        await servers.ExecuteAsync(
            $"""
            INSERT INTO connections (tenant_id, kind, name, shop, status, created_at)
            SELECT tenant_id, 'shopify', 'Store', 'shop-' || tenant_id || '-' || n || '.myshopify.com', 3, now() FROM tenants, generate_series(1, 2) n
            """,
            ct).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sources = new[] { servers.ForRole(PostgresRole.Worker), servers.ForRole(PostgresRole.Worker), servers.ForRole(PostgresRole.Worker) };
        var keepers = new List<Task> { Keeper(0) };
        results.Add("leases.connections", count, "connections");
        results.Add("leases.first_has_all_s", await UntilAsync(1, count).ConfigureAwait(false), "s");
        keepers.Add(Keeper(1));
        keepers.Add(Keeper(2));
        results.Add("leases.three_have_shares_s", await UntilAsync(3, count / 4).ConfigureAwait(false), "s");
        await Task.Delay(TimeSpan.FromSeconds(5), time, ct).ConfigureAwait(false);

        var (before, cpu, began) = (await ReadAsync().ConfigureAwait(false), await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false), time.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(Seconds), time, ct).ConfigureAwait(false);
        var (after, took) = (await ReadAsync().ConfigureAwait(false), time.GetElapsedTime(began).TotalSeconds);
        var spent = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(cpu);
        results.Add("leases.tx_per_s", (after[0] - before[0]) / took, "tx/s");
        results.Add("leases.wal_kb_per_s", (after[1] - before[1]) / took / 1024, "KB/s");
        results.Add("leases.database_percent_of_core", 100 * spent.Database.TotalSeconds / took, "%");
        results.Add("leases.workers_percent_of_core", 100 * spent.Own.TotalSeconds / took, "%");

        await sources[2].DisposeAsync().ConfigureAwait(false); // It cannot say anything any more.
        results.Add("leases.of_dead_taken_s", await UntilAsync(2, count / 3).ConfigureAwait(false), "s");
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(keepers).ConfigureAwait(false);
        await sources[0].DisposeAsync().ConfigureAwait(false);
        await sources[1].DisposeAsync().ConfigureAwait(false);

        Task Keeper(int number) => new LeaseKeeper(
            $"bench/worker-{number}", new LeaseSet(sources[number]), new LeaseStore(sources[number]),
            (_, end) => Task.Delay(Timeout.InfiniteTimeSpan, time, end).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default),
            time, NullLogger<LeaseKeeper>.Instance).RunAsync(stop.Token);

        // All are held, by so many workers, each with at least so many.
        async Task<double> UntilAsync(int workers, long each)
        {
            var since = time.GetTimestamp();
            while (!await servers.ScalarAsync<bool>(
                $"""
                SELECT coalesce(sum(held), 0) = {count} AND count(*) = {workers} AND min(held) >= {each}
                FROM (SELECT count(*) AS held FROM connection_runtime WHERE lease_until > clock_timestamp() GROUP BY split_part(lease_owner, '/', 2)) w
                """,
                ct).ConfigureAwait(false))
            {
                if (time.GetElapsedTime(since) > Limit)
                {
                    throw new CheckFailedException($"leases: {Limit.TotalMinutes:0} minutes passed before {workers} workers held all.");
                }

                await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
            }

            return time.GetElapsedTime(since).TotalSeconds;
        }

        Task<long[]> ReadAsync() => servers.ScalarAsync<long[]>(
            """
            SELECT ARRAY[(SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()),
              pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint]
            """,
            ct);
    }
}
