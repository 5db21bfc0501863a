using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Ingest;

/// <summary>
/// Webhooks of 6 KB over HTTP, each answered after its commit: the API alone and a bare endpoint in turns, then the whole
/// product with the worker, a process of its own, applying meanwhile, then the whole product and the bare endpoint in turns at
/// a steady rate, for latency. Orders have one to three lines, as in the other benchmarks; once they have twelve, which the worker on the same cores pays for. Every answered
/// webhook must be stored, and in the end applied.
/// </summary>
internal static class IngestBenchmark
{
    private const int Connections = 64;
    private const int Each = 6_000;
    private const int WarmUp = 6_000;
    private const int Rounds = 5;
    private const int BodyBytes = 6 * 1024;
    private const int ManyLines = 12;
    private const int Skus = 200;
    private const int SteadySeconds = 2;
    private const double SteadyPerSecond = 1_000;
    private const int SteadyEach = (int)(SteadySeconds * SteadyPerSecond);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        var merchant = await BenchMerchant.CreateAsync(servers, "ingest", Skus, onHand: 10_000_000, time, ct).ConfigureAwait(false);
        var orders = new OrderRequests(time);
        await using var bare = await BareEndpoint.StartAsync(servers.ConnectionString, ct).ConfigureAwait(false);
        var (alone, floor, verified, committed) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (apiCost, bareCost) = (new Cost(servers), new Cost(servers));
        await using (var api = await ProductStand.StartApiAsync(servers, time, ct).ConfigureAwait(false))
        {
            await PostAsync(api.Api, orders.Make(api.Api, WarmUp), time, ct).ConfigureAwait(false);
            await PostAsync(bare.Address, orders.Make(bare.Address, WarmUp, counted: false), time, ct).ConfigureAwait(false);
            for (var round = 0; round < Rounds; round++)
            {
                var (forApi, forBare) = (orders.Make(api.Api, Each), orders.Make(bare.Address, Each, counted: false));
                alone.Add(await apiCost.OfAsync(() => PostAsync(api.Api, forApi, time, ct), ct).ConfigureAwait(false));
                floor.Add(await bareCost.OfAsync(() => PostAsync(bare.Address, forBare, time, ct), ct).ConfigureAwait(false));
                var forVerified = orders.Make(bare.Address, Each, counted: false, path: BareEndpoint.VerifiedPath);
                verified.Add(await PostAsync(bare.Address, forVerified, time, ct).ConfigureAwait(false));
                committed.Add(await CommitAsync(bare, time, ct).ConfigureAwait(false));
            }
        }

        await using var whole = await ProductStand.StartApiAsync(servers, time, ct).ConfigureAwait(false);
        await using var worker = WorkerProcess.Start(servers);
        var (busy, large, applied) = (new List<double>(), new List<double>(), new List<double>());
        await BesideAsync(WarmUp, 1, 3).ConfigureAwait(false);
        for (var round = 0; round < Rounds; round++)
        {
            busy.Add(await BesideAsync(Each, 1, 3).ConfigureAwait(false));
            large.Add(await BesideAsync(Each, ManyLines, ManyLines).ConfigureAwait(false));
        }

        await AppliedAsync(servers, time, ct).ConfigureAwait(false);
        var (latencies, bareLatencies) = (new Latencies(), new Latencies());
        for (var round = 0; round < Rounds; round++)
        {
            latencies.Add(await SteadyAsync(whole.Api, orders.Make(whole.Api, SteadyEach), time, ct).ConfigureAwait(false));
            bareLatencies.Add(await SteadyAsync(bare.Address, orders.Make(bare.Address, SteadyEach, counted: false), time, ct).ConfigureAwait(false));
        }

        await CheckAsync(servers, merchant, orders, bare, time, ct).ConfigureAwait(false);

        // The worker has nothing left to do when the next begin, and everything to do while they come.
        async Task<double> BesideAsync(int count, int least, int most)
        {
            var requests = orders.Make(whole.Api, count, least, most);
            await AppliedAsync(servers, time, ct).ConfigureAwait(false);
            var perSecond = await PostAsync(whole.Api, requests, time, ct).ConfigureAwait(false);
            var done = await servers.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE state = 1", ct).ConfigureAwait(false);
            applied.Add((done - (orders.Made - count)) * perSecond / count);
            return perSecond;
        }

        results.Add("ingest.acks_per_s", Math.Round(Median(busy)), "webhooks/s");
        results.Add("ingest.twelve_lines.acks_per_s", Math.Round(Median(large)), "webhooks/s");
        results.Add("ingest.applied_meanwhile_per_s", Math.Round(Median(applied)), "webhooks/s");
        results.Add("ingest.api_alone_per_s", Math.Round(Median(alone)), "webhooks/s");
        results.Add("ingest.raw_per_s", Math.Round(Median(floor)), "webhooks/s");
        results.Add("ingest.raw_verified_per_s", Math.Round(Median(verified)), "webhooks/s");
        results.Add("ingest.raw_committed_per_s", Math.Round(Median(committed)), "webhooks/s");
        results.Add("ingest.share_of_raw", Median(alone.Zip(floor, (a, f) => a / f)), "ratio");
        apiCost.Report(results, "", Rounds * Each);
        bareCost.Report(results, "raw_", Rounds * Each);
        latencies.Report(results, "ingest.at_1000");
        bareLatencies.Report(results, "ingest.at_1000.raw");
        results.Add("ingest.at_1000.p99_to_raw", latencies.At(0.99) / bareLatencies.At(0.99), "ratio");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>As fast as a crowd of connections can; returns answers a second.</summary>
    private static async Task<double> PostAsync(Uri server, byte[][] requests, TimeProvider time, CancellationToken ct)
    {
        var clients = await ConnectAsync(server, ct).ConfigureAwait(false);
        var next = -1;
        var started = time.GetTimestamp();
        await Task.WhenAll(clients.Select(client => Task.Run(
            async () =>
            {
                while (Interlocked.Increment(ref next) is var i && i < requests.Length)
                {
                    Accepted(await client.PostAsync(requests[i], ct).ConfigureAwait(false));
                }
            },
            ct))).ConfigureAwait(false);
        var took = time.GetElapsedTime(started);
        clients.ForEach(client => client.Dispose());
        return requests.Length / took.TotalSeconds;
    }

    /// <summary>Bodies stored by the bare writers, no wire between; as many callers as there are connections.</summary>
    private static async Task<double> CommitAsync(BareEndpoint bare, TimeProvider time, CancellationToken ct)
    {
        var body = OrderBodies.Created(1, time.GetUtcNow(), [new OrderedLine(0, 1)], BodyBytes);
        var next = 0;
        var started = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Increment(ref next) <= Each)
                {
                    await bare.StoreAsync(body).ConfigureAwait(false);
                }
            },
            ct))).ConfigureAwait(false);
        return Each / time.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<Latencies> SteadyAsync(Uri server, byte[][] requests, TimeProvider time, CancellationToken ct)
    {
        var free = new ConcurrentBag<WireClient>(await ConnectAsync(server, ct).ConfigureAwait(false));
        return await OpenLoop.RunAsync(
            requests.Length, SteadyPerSecond,
            async i =>
            {
                if (!free.TryTake(out var client))
                {
                    client = new WireClient(server);
                    await client.ConnectAsync(ct).ConfigureAwait(false);
                }

                Accepted(await client.PostAsync(requests[i], ct).ConfigureAwait(false));
                free.Add(client);
            },
            time, ct).ConfigureAwait(false);
    }

    private static async Task<List<WireClient>> ConnectAsync(Uri server, CancellationToken ct)
    {
        var clients = Enumerable.Range(0, Connections).Select(_ => new WireClient(server)).ToList();
        foreach (var client in clients)
        {
            await client.ConnectAsync(ct).ConfigureAwait(false);
        }

        return clients;
    }

    private static void Accepted(int status)
    {
        if (status != 200)
        {
            throw new CheckFailedException($"ingest: a webhook was answered with {status}.");
        }
    }

    private static async Task AppliedAsync(BenchServers servers, TimeProvider time, CancellationToken ct)
    {
        while (await servers.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM inbox WHERE state = 0)", ct).ConfigureAwait(false))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, ct).ConfigureAwait(false);
        }
    }

    private static async Task CheckAsync(
        BenchServers servers, BenchMerchant merchant, OrderRequests orders, BareEndpoint bare, TimeProvider time, CancellationToken ct)
    {
        // The rounds' posts, as many again without a wire, and the steady ones.
        const long SentBare = WarmUp + (2 * Rounds * Each) + (Rounds * SteadyEach);
        await AppliedAsync(servers, time, ct).ConfigureAwait(false);
        var done = await servers.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE state = 1", ct).ConfigureAwait(false);
        if (done != orders.Made)
        {
            throw new CheckFailedException($"ingest: of {orders.Made} answered webhooks {done} were applied.");
        }

        if (await bare.StoredAsync(ct).ConfigureAwait(false) is var stored && stored != SentBare)
        {
            throw new CheckFailedException($"ingest: of {SentBare} webhooks the bare endpoint stored {stored}.");
        }

        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, merchant.Tenant, ct).ConfigureAwait(false);
        await OrderBacklog.CheckCommittedAsync(
            servers.ConnectionString, merchant.Tenant, orders.Asked.ToDictionary(a => merchant.Skus[a.Key], a => a.Value), ct).ConfigureAwait(false);
        await Invariants.TargetsAreWhatOrdersLeftAsync(servers.ConnectionString, merchant.Tenant, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Processor time of what is measured, of this process, the client in it included, and of the database; and what this process allocated.
    /// </summary>
    private sealed class Cost(BenchServers servers)
    {
        private TimeSpan own, database;
        private long allocated;

        public async Task<double> OfAsync(Func<Task<double>> measured, CancellationToken ct)
        {
            var before = await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
            var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
            var figure = await measured().ConfigureAwait(false);
            allocated += GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
            var spent = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(before);
            (own, database) = (own + spent.Own, database + spent.Database);
            return figure;
        }

        public void Report(Results results, string prefix, int webhooks)
        {
            results.Add($"ingest.cpu_us_per_ack.{prefix}own", Math.Round(own.TotalMicroseconds / webhooks), "us");
            results.Add($"ingest.cpu_us_per_ack.{prefix}database", Math.Round(database.TotalMicroseconds / webhooks), "us");
            results.Add($"ingest.bytes_per_ack.{prefix}own", allocated / webhooks, "bytes");
        }
    }

    /// <summary>Makes signed requests, each with an order of its own.</summary>
    private sealed class OrderRequests(TimeProvider time)
    {
        private readonly Random random = new(2);
        private readonly Dictionary<int, long> asked = [];
        private long next;

        /// <summary>Webhooks made for the product so far.</summary>
        public long Made { get; private set; }

        /// <summary>Units that they ask for, by the number of the SKU.</summary>
        public IReadOnlyDictionary<int, long> Asked => asked;

        /// <param name="least">Lines of the smallest order.</param>
        /// <param name="most">Lines of the largest.</param>
        /// <param name="counted">False where they are for the bare endpoint.</param>
        public byte[][] Make(Uri server, int count, int least = 1, int most = 3, bool counted = true, string path = "/webhooks/shopify")
        {
            Made += counted ? count : 0;
            return [.. Enumerable.Range(0, count).Select(_ => One(server, path, random.Next(least, most + 1), counted))];
        }

        private byte[] One(Uri server, string path, int count, bool counted)
        {
            var id = 9_000_000_000 + next++;
            var lines = Enumerable.Range(0, count).Select(_ => new OrderedLine(random.Next(Skus), 1 + random.Next(3))).ToList();
            foreach (var line in counted ? lines : [])
            {
                asked[line.Item] = asked.GetValueOrDefault(line.Item) + line.Units;
            }

            var body = OrderBodies.Created(id, time.GetUtcNow(), lines, BodyBytes);
            return WireClient.Request(
                server, path,
                [
                    ("X-Shopify-Topic", "orders/create"), ("X-Shopify-Shop-Domain", "ingest-0.myshopify.com"),
                    ("X-Shopify-Webhook-Id", id.ToString(CultureInfo.InvariantCulture)), ("X-Shopify-API-Version", "2026-10"),
                    ("X-Shopify-Hmac-Sha256", Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(ProductStand.ClientSecret), body))),
                ],
                body);
        }
    }
}
