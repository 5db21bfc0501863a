using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Buyers;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Benchmarks.Burst;

/// <summary>
/// Orders on store A (a tenth of the webhooks' twentieth twice) and what store B, on the smallest plan, shows of them: a
/// burst of 2,000, and 200 a second for a while. Stock is shared, a call takes 40 ms. What is measured is the store's
/// own levels, not what the product says of them.
/// </summary>
internal static class BurstBenchmark
{
    public const string OrdersOption = "--orders";
    public const string RateOption = "--rate";
    public const string SecondsOption = "--seconds";
    public const long DefaultOrders = 2_000;

    /// <summary>Orders a second while the burst lasts: as many as a busy endpoint takes from one store.</summary>
    public const long DefaultRate = 1_400;

    public const long DefaultSteadyRate = 200;
    public const long DefaultSeconds = 20;

    private const int Skus = 200;
    private const int Stock = 20_000;
    private const double Exponent = 1.0;
    private const double Duplicates = 0.05;
    private const int CallMs = 40;

    /// <summary>Until the compiler has done with what is hot: the product runs for days, this for seconds.</summary>
    private const int WarmUp = 2_400;
    private const double WarmUpRate = 400;

    /// <summary>Bursts, of which the one with the median p95 is reported: one lasts two seconds, and a stall of the disk half of one.</summary>
    private const int Bursts = 3;

    /// <summary>How many times faster the usual way's clock runs: it waits for the channel's limit and for nothing else.</summary>
    private const double UsualFaster = 10;

    private static readonly SimulatorOptions World =
        new() { Stores = 2, Skus = Skus, MinStock = Stock, MaxStock = Stock, MainLocations = 1, BulkDurationMs = 100 };

    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(2);

    public static async Task BurstAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var (orders, rate) = ((int)options[OrdersOption], options[RateOption]);
        var ours = await RunAsync("burst", Bursts, orders, rate, results, options, time, ct).ConfigureAwait(false);
        var usual = await UsualAsync(orders, rate, results, ct).ConfigureAwait(false);
        results.Add("burst.drain_times_faster", usual.Watch.Drained() / ours.Drained, "ratio");
        results.Add("burst.p95_times_lower", usual.Taken.At(0.95) / ours.Latencies.At(0.95), "ratio");
        results.Add("burst.first_told_p95_times_lower", usual.Watch.Latencies().At(0.95) / ours.Latencies.At(0.95), "ratio");
    }

    public static Task SteadyAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct) => RunAsync(
        "steady", 1, (int)(options[RateOption] * options[SecondsOption]), options[RateOption], results, options, time, ct);

    /// <summary>
    /// The usual way in a world of the same kind, with the same orders. Its jobs are in no order, so the change of an order
    /// may show early, by another order's call on the same SKU: told is when any call first showed it, taken when its own did.
    /// </summary>
    private static async Task<(OrderWatch Watch, Latencies Taken)> UsualAsync(int orders, double rate, Results results, CancellationToken ct)
    {
        var time = new ScaledTime(UsualFaster);
        await using var sandbox = await SimulatorHost.StartAsync(World with { DirtyCatalog = false }, time, ct).ConfigureAwait(false);
        var (a, b) = (sandbox.World.Shops[0], sandbox.World.Shops[1]);
        b.Faults = b.Faults with { ApiDelayMinMs = CallMs, ApiDelayMaxMs = CallMs };
        foreach (var level in b.Levels)
        {
            sandbox.World.Change(b, (changes, now) =>
            {
                b.EditByHand(level, StockState.Available, Stock, now, changes);
                return true;
            });
        }

        var watch = new OrderWatch(sandbox.World, a, b, time);
        await using var usual = new UsualSyncer(sandbox, a, b, time);
        await PlaceAsync(watch, orders, rate, time, ct).ConfigureAwait(false);
        await usual.FinishAsync().ConfigureAwait(false);
        usual.Taken.Report(results, "burst.usual_way");
        watch.Latencies().Report(results, "burst.usual_way.first_told");
        results.Add("burst.usual_way.drained_s", watch.Drained().TotalSeconds, "s");
        results.Add("burst.usual_way.calls", sandbox.World.Stats["sets"] + sandbox.World.Stats["throttled"], "calls");
        results.Add("burst.usual_way.throttled", sandbox.World.Stats["throttled"], "calls");
        results.Add("burst.usual_way.wrong_skus", watch.Wrong, "SKUs");
        results.Add("burst.usual_way.backwards", watch.Backwards, "pushes");
        return (watch, usual.Taken);
    }

    private static async Task<Round> RunAsync(
        string name, int rounds, int orders, double rate, Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var stand = await ProductStand.StartLiveAsync(servers, World, "shared", time, ct).ConfigureAwait(false);
        var (a, b) = (stand.World.Shops[0], stand.World.Shops[1]);
        a.Faults = a.Faults with { WebhookDuplicateRate = Duplicates, ApiDelayMinMs = CallMs, ApiDelayMaxMs = CallMs };
        b.Faults = b.Faults with { ApiDelayMinMs = CallMs, ApiDelayMaxMs = CallMs };

        var warmUp = new OrderWatch(stand.World, a, b, time);
        await PlaceAsync(warmUp, WarmUp, WarmUpRate, time, ct).ConfigureAwait(false);
        await DrainAsync(warmUp, time, ct).ConfigureAwait(false);
        await stand.SettleAsync(ct).ConfigureAwait(false);

        await StatementTrace.BeginAsync(servers, options, ct).ConfigureAwait(false);
        await using var waits = WaitTrace.Begin(servers, options, time);
        var all = new List<Round>();
        while (all.Count < rounds)
        {
            all.Add(await RoundAsync(servers, stand, orders, rate, time, ct).ConfigureAwait(false));
        }

        await StatementTrace.PrintAsync(servers, options, ct).ConfigureAwait(false);
        await waits.PrintAsync().ConfigureAwait(false);
        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, new(1), ct).ConfigureAwait(false);
        await Invariants.StoresShowTheirTargetsAsync(servers.ConnectionString, stand.World, 2 * Skus, ct).ConfigureAwait(false);
        var median = all.OrderBy(r => r.Latencies.At(0.95)).ElementAt(rounds / 2);
        await ReportAsync(name, orders, median, servers, results, ct).ConfigureAwait(false);
        var (wrong, backwards) = (all.Sum(r => r.Wrong), all.Sum(r => r.Backwards));
        results.Add(name + ".wrong_skus", wrong, "SKUs");
        results.Add(name + ".backwards", backwards, "pushes");
        if (wrong + backwards > 0)
        {
            throw new CheckFailedException($"{name}: {wrong} SKUs are wrong, {backwards} levels went backwards.");
        }

        return median;
    }

    /// <summary>One round, until both stores are at rest again.</summary>
    private static async Task<Round> RoundAsync(
        BenchServers servers, ProductStand stand, int orders, double rate, TimeProvider time, CancellationToken ct)
    {
        var (sets, throttled) = (stand.World.Stats["sets"], stand.World.Stats["throttled"]);
        var (began, spent) = (time.GetUtcNow(), await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false));
        var watch = new OrderWatch(stand.World, stand.World.Shops[0], stand.World.Shops[1], time);
        var late = await PlaceAsync(watch, orders, rate, time, ct).ConfigureAwait(false);
        await DrainAsync(watch, time, ct).ConfigureAwait(false);
        var (own, database) = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(spent);
        var ended = time.GetUtcNow();
        (sets, throttled) = (stand.World.Stats["sets"] - sets, stand.World.Stats["throttled"] - throttled);
        await stand.SettleAsync(ct).ConfigureAwait(false);
        return new Round(watch.Latencies(), late, watch.Drained(), began, ended, own, database, sets, throttled, watch.Wrong, watch.Backwards);
    }

    private static async Task ReportAsync(
        string name, int orders, Round round, BenchServers servers, Results results, CancellationToken ct)
    {
        results.Add(name + ".orders", orders, "orders");
        results.Add(name + ".placed_late_ms", round.Late, "ms");
        round.Latencies.Report(results, name);
        await Stages.ReportAsync(servers, round.Began, round.Ended, results, name, ct).ConfigureAwait(false);
        results.Add(name + ".drained_s", round.Drained.TotalSeconds, "s");
        results.Add(name + ".cpu_us_per_order.own", round.Own.TotalMicroseconds / orders, "us");
        results.Add(name + ".cpu_us_per_order.database", round.Database.TotalMicroseconds / orders, "us");
        results.Add(name + ".calls", round.Sets, "calls");
        results.Add(name + ".throttled", round.Throttled, "calls");
    }

    /// <summary>Places orders at a rate; returns by how much the latest of them was behind its moment, in milliseconds.</summary>
    private static async Task<double> PlaceAsync(OrderWatch watch, int orders, double rate, TimeProvider time, CancellationToken ct)
    {
        var random = new Random(7);
        var (zipf, skus) = (new ZipfChoice(Skus, Exponent), watch.Skus);
        var picks = Enumerable.Range(0, orders).Select(_ => skus[zipf.Pick(random.NextDouble())]).ToArray();
        var late = await OpenLoop.RunAsync(
            orders, rate,
            (i, due) =>
            {
                watch.Place(picks[i], due);
                return Task.CompletedTask;
            },
            time, ct).ConfigureAwait(false);
        return late.At(1);
    }

    private static async Task DrainAsync(OrderWatch watch, TimeProvider time, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (watch.Wrong > 0 && time.GetElapsedTime(since) < DrainLimit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
        }
    }

    /// <summary>What one round came to.</summary>
    /// <param name="Late">How late the latest order was placed, in milliseconds.</param>
    /// <param name="Sets">Calls that store B took; <paramref name="Throttled"/> those it refused.</param>
    /// <param name="Wrong">SKUs of B that did not show what is left, once all was at rest.</param>
    /// <param name="Backwards">Levels of B that rose on the way.</param>
    private sealed record Round(
        Latencies Latencies, double Late, TimeSpan Drained, DateTimeOffset Began, DateTimeOffset Ended, TimeSpan Own, TimeSpan Database,
        long Sets, long Throttled, int Wrong, int Backwards);
}
