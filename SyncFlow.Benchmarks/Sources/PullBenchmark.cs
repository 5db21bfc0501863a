using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Pulling;
using SyncFlow.Worker;
using SyncFlow.Worker.Sources;
using SyncFlow.Worker.Sources.Pulling;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>A source that is asked over HTTP for 10,000 movements of all SKUs, ten pages of them, until all are booked.</summary>
internal static class PullBenchmark
{
    private const int Rows = 10_000;
    private const int PageSize = 1_000;
    private const string Place = "2000";

    /// <summary>Asks, and adds what was told to the truth of each SKU.</summary>
    /// <param name="book">Applies until a task has ended and nothing more comes.</param>
    public static async Task RunAsync(
        Results results, BenchServers servers, NpgsqlDataSource api, NpgsqlDataSource worker, BenchMerchant merchant, long[] truth,
        Func<Task, Task> book, TimeProvider time, CancellationToken ct)
    {
        await using var source = await ServeAsync(truth, time.GetUtcNow().AddHours(-1), ct).ConfigureAwait(false);
        var vault = CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));
        var erp = await ConnectAsync(api, merchant, source.Urls.First(), vault, time, ct).ConfigureAwait(false);
        await using var redis = new RedisConnection(servers.Redis);
        await using var parts = new ServiceCollection().AddLogging().AddSingleton(worker).AddSingleton(time).AddSingleton<LeaseStore>().AddSingleton(vault)
            .AddSingleton(new WakeUps(redis)).AddSingleton(new WorkerOptions { ShopifyBaseUrl = "http://bench/{shop}" }).AddSourcePulls().BuildServiceProvider();

        var started = time.GetTimestamp();
        var asked = parts.GetRequiredService<PullJobs>().AskAsync(merchant.Tenant, erp, ct);
        await book(asked).ConfigureAwait(false);
        results.AddRate("sources.pull_rows_per_s", Rows, time.GetElapsedTime(started), "rows/s");
        var booked = await servers.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE content = 'source.events' AND webhook_id LIKE ' pull:%'", ct).ConfigureAwait(false);
        if (booked > truth.Length)
        {
            throw new CheckFailedException($"sources: {booked} bookings for {truth.Length} SKUs; a SKU is booked once in a round.");
        }
    }

    private static async Task<ConnectionId> ConnectAsync(
        NpgsqlDataSource api, BenchMerchant merchant, string url, CredentialVault vault, TimeProvider time, CancellationToken ct)
    {
        var tenant = merchant.Tenant.Value;
        var draft = new SourceDraft("wms", "WMS", SourceStrategy.DeltaPull, SourceOrdering.Sequence, 900, [Bucket.OnHand], OwnsOnHand: false, null, Gapless: false);
        var id = (await new SourceDesk(api, time).CreateAsync(tenant, draft, ct).ConfigureAwait(false))!.Value;
        await new SourceMapDesk(api, time).MapPlacesAsync(tenant, [new PlaceWish(id, Place, merchant.Location.Value)], ct).ConfigureAwait(false);
        var secret = vault.Seal(merchant.Tenant, new ConnectionId(id), "secret");
        await new PullDesk(api, time).SetAsync(
            tenant, id, new PullSetup(new Uri(url), SourceApiScheme.Bearer, null, secret, true, false, false, PageSize, 1_000, 86_400), "bench", ct).ConfigureAwait(false);
        return new ConnectionId(id);
    }

    private static async Task<WebApplication> ServeAsync(long[] truth, DateTimeOffset since, CancellationToken ct)
    {
        var random = new Random(12);
        var rows = Enumerable.Range(1, Rows).Select(n =>
        {
            var (sku, units) = (random.Next(truth.Length), random.Next(1, 4));
            truth[sku] += units;
            return new
            {
                id = $"w{n}",
                sku = string.Create(CultureInfo.InvariantCulture, $"sku-{sku:0000}"),
                location = Place,
                units,
                occurredAt = since.AddMilliseconds(n),
                sequence = n,
            };
        }).ToList();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/movements", (int? cursor, int limit) =>
        {
            var from = cursor ?? 0;
            return new { items = rows.Skip(from).Take(limit), next = from + limit < Rows ? from + limit : (int?)null, watermark = Rows };
        });
        await app.StartAsync(ct).ConfigureAwait(false);
        return app;
    }
}
