using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Publishing;
using SyncFlow.Tests.Api.StockSources;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using SyncFlow.Worker.Sources;
using SyncFlow.Worker.Sources.Pulling;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>The real Api and the worker's parts on one database, and an ERP that is asked over HTTP.</summary>
internal sealed class PullStand : IAsyncDisposable
{
    private readonly ServiceProvider _worker;

    private PullStand(SourceStand stand, SourceServer server, ServiceProvider worker) => (Stand, Server, _worker) = (stand, server, worker);

    public SourceStand Stand { get; }

    public SourceServer Server { get; }

    /// <summary>The source that is asked; the ERP at first.</summary>
    public long Source { get; set; }

    /// <param name="inside">Whether addresses of the own network may be asked, as in a sandbox.</param>
    public static async Task<PullStand> OpenAsync(PostgresFixture postgres, RedisFixture redis, bool inside = true)
    {
        var stand = await SourceStand.OpenAsync(postgres, redis);
        var services = new ServiceCollection().AddLogging().AddSingleton(stand.Warehouse.Worker).AddSingleton(TimeProvider.System)
            .AddSingleton<LeaseStore>().AddSingleton(CredentialVault.FromBase64(Convert.ToBase64String(new byte[32])))
            .AddSingleton(stand.Api.Services.GetRequiredService<WakeUps>())
            .AddSingleton(inside ? new WorkerOptions { ShopifyBaseUrl = "http://sandbox/{shop}" } : new WorkerOptions()).AddSourcePulls();
        return new PullStand(stand, await SourceServer.StartAsync(), services.BuildServiceProvider()) { Source = stand.Erp };
    }

    /// <summary>Sets how the ERP is asked.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> TrySetAsync(object setup)
    {
        using var wish = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/sources/{Source}/pull") { Content = JsonContent.Create(setup) };
        return await Stand.Api.SendAsync(wish);
    }

    /// <summary>Sets it with this server's address.</summary>
    public async Task SetAsync(bool movements = true, bool positions = false, bool pickTasks = false, int pageSize = 100, int overlap = 10)
    {
        var (status, body) = await TrySetAsync(new
        {
            url = Server.Url,
            authorization = new { scheme = "bearer", secret = "open sesame" },
            movements,
            positions,
            pickTasks,
            pageSize,
            overlap,
        });
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
    }

    /// <summary>Asks the ERP as the worker does when it is due, and has everything booked; how it stands then.</summary>
    /// <param name="refresh">Whether all positions are asked for, too.</param>
    public async Task<JsonNode> RoundAsync(bool refresh = false)
    {
        (await Stand.Api.PostAsync($"/api/v1/sources/{Source}/pull/ask", new { refresh })).Status.ShouldBe(HttpStatusCode.Accepted);
        await AskAsync();
        return await PullAsync();
    }

    /// <summary>Does what is due, and has everything booked.</summary>
    public async Task AskAsync()
    {
        await _worker.GetRequiredService<PullJobs>().AskAsync(new TenantId(1), new ConnectionId(Source), CancellationToken.None);
        await Stand.FilesAsync();
        await Stand.Warehouse.ApplyAsync();
    }

    public Task<JsonNode> PullAsync() => Stand.Api.GetAsync($"/api/v1/sources/{Source}/pull");

    public async Task<JsonArray> BrokenAsync() => (await Stand.Api.GetAsync($"/api/v1/sources/{Source}/broken-rows"))["items"]!.AsArray();

    public async Task<JsonArray> IncidentsAsync(string kind) =>
        [.. (await Stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().Where(i => (string)i!["kind"]! == kind).Select(i => i!.DeepClone())];

    /// <summary>Units on hand of SKU A, or another, at MAIN.</summary>
    public Task<int> AtAsync(string sku = "A") => Stand.Warehouse.AtAsync(sku, "MAIN");

    /// <summary>A movement of the ERP, put where it is asked for.</summary>
    public void Move(long sequence, object units, string sku = "A", string? id = null) => Server.Movements[sequence] = new
    {
        id = id ?? $"m{sequence}",
        sku,
        location = "1000",
        units,
        occurredAt = Server.AsOf.AddSeconds(sequence),
        sequence,
    };

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await Server.DisposeAsync();
        await Stand.DisposeAsync();
    }
}
