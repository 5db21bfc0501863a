using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Benchmarks.Push;

/// <summary>
/// A store on the smallest plan is filled: every one of its levels is written when it goes live. What counts is when each of
/// the store's own levels first changes. The plan restores what 2,500 levels a second take, 10 calls of 250. What is saved up
/// at the start (20 s of it) is not held against the product, which may spend it: so a share of the limit may be above one.
/// </summary>
internal static class PushBenchmark
{
    public const string LevelsOption = "--levels";
    public const long DefaultLevels = 50_000;

    private const int CallMs = 40;
    private const int LevelsInACall = 250;
    private const int PointsOfACall = 10;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var levels = (int)options[LevelsOption];
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        var changed = new Dictionary<Level, long>(levels);
        Task<CpuTime>? first = null, last = null;
        WaitTrace? waits = null;
        await using var stand = await ProductStand.StartLiveAsync(
            servers, new SimulatorOptions { Stores = 2, Skus = levels, MinStock = 20, MainLocations = 1, BulkDurationMs = 100 }, mode: null, time, ct,
            world =>
            {
                var (filled, notify) = (world.Shops[1], world.Notify);
                filled.Faults = filled.Faults with { ApiDelayMinMs = CallMs, ApiDelayMaxMs = CallMs };
                world.Notify = (shop, notice, now) =>
                {
                    if (shop == filled && notice.Resource is Level level)
                    {
                        lock (changed)
                        {
                            first ??= BeginAsync();
                            last = changed.TryAdd(level, time.GetTimestamp()) && changed.Count == levels ? CpuTime.ReadAsync(servers, ct) : last;
                        }
                    }

                    notify?.Invoke(shop, notice, now);
                };
            }).ConfigureAwait(false);

        async Task<CpuTime> BeginAsync()
        {
            await StatementTrace.BeginAsync(servers, options, ct).ConfigureAwait(false);
            waits = WaitTrace.Begin(servers, options, time);
            return await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
        }

        await StatementTrace.PrintAsync(servers, options, ct).ConfigureAwait(false);
        await using (waits)
        {
            await (waits?.PrintAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        }

        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, new(1), ct).ConfigureAwait(false);
        await Invariants.StoresShowTheirTargetsAsync(servers.ConnectionString, stand.World, 2 * levels, ct).ConfigureAwait(false);
        if (changed.Count < levels)
        {
            throw new CheckFailedException($"push: {changed.Count} of {levels} levels were written.");
        }

        var took = time.GetElapsedTime(changed.Values.Min(), changed.Values.Max());
        var limit = (double)stand.World.Shops[1].Bucket.RestoreRate / PointsOfACall * LevelsInACall;
        results.Add("push.levels", levels, "levels");
        results.Add("push.seconds", took.TotalSeconds, "s");
        results.AddRate("push.levels_per_s", levels, took, "levels/s");
        results.Add("push.share_of_limit", levels / took.TotalSeconds / limit, "ratio");
        var (own, database) = (await last!.ConfigureAwait(false)).Since(await first!.ConfigureAwait(false));
        results.Add("push.cpu_us_per_level.own", own.TotalMicroseconds / levels, "us");
        results.Add("push.cpu_us_per_level.database", database.TotalMicroseconds / levels, "us");
        results.Add("push.calls", stand.World.Stats["sets"], "calls");
        results.Add("push.throttled", stand.World.Stats["throttled"], "calls");
    }
}
