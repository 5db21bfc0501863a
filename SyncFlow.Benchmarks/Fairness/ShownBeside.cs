using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Burst;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Simulator;

namespace SyncFlow.Benchmarks.Fairness;

/// <summary>
/// What a merchant sees of another's storm: his orders on one of his stores, 25 a second, until the other store shows them, by
/// way of the whole product (edge, inbox, rules, plan, push), alone and while 20,000 events of somebody else are stored and
/// applied. A call to his stores takes 40 ms.
/// </summary>
internal sealed class ShownBeside(BenchServers servers, ProductStand stand, OrderBacklog noisy, WakeUps wakeUps, TimeProvider time)
{
    private const int Skus = 200;
    private const int Stock = 100_000;
    private const int CallMs = 40;
    private const double PerSecond = 25;
    private const int LeastOrders = 40;
    private const int Rounds = 5;
    private const int WarmUp = 3_000;

    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(1);

    private static readonly SimulatorOptions Stores =
        new() { Stores = 2, Skus = Skus, MinStock = Stock, MaxStock = Stock, MainLocations = 1, BulkDurationMs = 100 };

    private readonly Random random = new(11);

    public static async Task RunAsync(Results results, BenchOptions options, int events, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var redis = new RedisConnection(servers.Redis);
        await using var stand = await ProductStand.StartLiveAsync(servers, Stores, "shared", time, ct).ConfigureAwait(false);
        foreach (var shop in stand.World.Shops)
        {
            shop.Faults = shop.Faults with { ApiDelayMinMs = CallMs, ApiDelayMaxMs = CallMs };
        }

        var noisy = new OrderBacklog(servers, await BenchMerchant.CreateAsync(servers, "noisy", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false));
        await new ShownBeside(servers, stand, noisy, new WakeUps(redis), time).RunAsync(results, events, ct).ConfigureAwait(false);
    }

    private async Task RunAsync(Results results, int events, CancellationToken ct)
    {
        await StormAsync(WarmUp, ct).ConfigureAwait(false);
        await TrickleAsync(null, ct).ConfigureAwait(false);
        var rounds = new List<(Latencies Alone, Latencies Beside)>();
        for (var round = 0; round < Rounds; round++)
        {
            var alone = await TrickleAsync(null, ct).ConfigureAwait(false);
            rounds.Add((alone, await TrickleAsync(StormAsync(events, ct), ct).ConfigureAwait(false)));
        }

        await noisy.CheckAsync(ct).ConfigureAwait(false);
        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, new(1), ct).ConfigureAwait(false);
        var median = rounds.Select(r => (Alone: r.Alone.At(0.95), Beside: r.Beside.At(0.95))).OrderBy(r => r.Beside / r.Alone).ElementAt(Rounds / 2);
        results.Add("fairness.quiet_alone_p95_ms", median.Alone, "ms");
        results.Add("fairness.quiet_beside_p95_ms", median.Beside, "ms");
        results.Add("fairness.ratio", median.Beside / median.Alone, "ratio");
        results.Add("fairness.orders_beside", rounds.Min(r => r.Beside.Count), "orders");
    }

    /// <summary>Stores many events of the other merchant and waits until the last of them was applied.</summary>
    private async Task StormAsync(int events, CancellationToken ct)
    {
        await wakeUps.PublishAsync(WakeUpKind.Inbox, noisy.Merchant.Tenant.Value).ConfigureAwait(false);
        await noisy.StoreAsync(events, pick => pick.Next(Skus), time, ct).ConfigureAwait(false);
        await wakeUps.PublishAsync(WakeUpKind.Inbox, noisy.Merchant.Tenant.Value).ConfigureAwait(false);
        using var owner = Npgsql.NpgsqlDataSource.Create(servers.ConnectionString);
        while (await noisy.WaitsAsync(owner, ct).ConfigureAwait(false))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Orders one by one until something else is over, or for a while; each time is counted from when the order was due.</summary>
    private async Task<Latencies> TrickleAsync(Task? beside, CancellationToken ct)
    {
        var watch = new OrderWatch(stand.World, stand.World.Shops[0], stand.World.Shops[1], time);
        var skus = watch.Skus;
        var (began, placed) = (time.GetTimestamp(), 0);
        while (beside is null ? time.GetElapsedTime(began) < Alone : !beside.IsCompleted)
        {
            for (; placed < time.GetElapsedTime(began).TotalSeconds * PerSecond; placed++)
            {
                watch.Place(skus[random.Next(skus.Count)], began + (long)(placed / PerSecond * time.TimestampFrequency));
            }

            await Task.Delay(Grain, time, ct).ConfigureAwait(false);
        }

        await (beside ?? Task.CompletedTask).ConfigureAwait(false);
        var since = time.GetTimestamp();
        while (watch.Wrong > 0)
        {
            if (time.GetElapsedTime(since) > DrainLimit)
            {
                throw new CheckFailedException($"fairness: {watch.Wrong} SKUs of the quiet merchant's other store do not show what was sold.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
        }

        if (placed < LeastOrders)
        {
            throw new CheckFailedException($"fairness: {placed} orders met the storm, which says nothing; {FairnessBenchmark.EventsOption} makes it longer.");
        }

        return watch.Latencies();
    }
}
