using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Tests.Api.StockOperations;

/// <summary>The real Api, and the worker's apply pipeline on the same database, which a test runs when it wants to.</summary>
internal sealed class Warehouse : IAsyncDisposable
{
    private readonly NpgsqlDataSource _worker;

    private Warehouse(ApiApp api, string database)
    {
        Api = api;
        _worker = NpgsqlDataSource.Create(PostgresExtensions.ForRole(database, PostgresRole.Worker));
    }

    public ApiApp Api { get; }

    /// <summary>The database as the worker sees it.</summary>
    public NpgsqlDataSource Worker => _worker;

    /// <summary>With locations MAIN and SIDE, and SKUs A and B.</summary>
    public static async Task<Warehouse> OpenAsync(PostgresFixture postgres, RedisFixture redis)
    {
        var database = await postgres.CreateDatabaseAsync();
        var api = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        foreach (var code in new[] { "MAIN", "SIDE" })
        {
            (await api.PostAsync("/api/v1/locations", new { code, name = code })).Status.ShouldBe(HttpStatusCode.Created);
        }

        foreach (var code in new[] { "A", "B" })
        {
            (await api.PostAsync("/api/v1/skus", new { code })).Status.ShouldBe(HttpStatusCode.Created);
        }

        return new Warehouse(api, database);
    }

    public static string Hour(int hour) =>
        new DateTimeOffset(2026, 3, 1, hour, 0, 0, TimeSpan.Zero).ToString("O", CultureInfo.InvariantCulture);

    /// <summary>Posts, and has everything applied that waits.</summary>
    public async Task<JsonNode> DoAsync(string path, object body)
    {
        var (status, answer) = await Api.PostAsync("/api/v1" + path, body);
        ((int)status).ShouldBeLessThan(300, answer?.ToJsonString());
        await ApplyAsync();
        return answer!;
    }

    /// <summary>Posts what is refused; returns the status and the fields that are named.</summary>
    public async Task<(HttpStatusCode Status, string[] Fields)> RefusedAsync(string path, object body)
    {
        var (status, answer) = await Api.PostAsync("/api/v1" + path, body);
        return (status, answer?["errors"]?.AsObject().Select(e => e.Key).ToArray() ?? []);
    }

    public Task<JsonNode> DoAsync(params object[] operations) => DoAsync("/stock-operations", new { items = operations });

    public async Task ApplyAsync()
    {
        var pipeline = new ApplyPipeline(_worker, new InboxStore(_worker, TimeProvider.System), TimeProvider.System, NullLogger<ApplyPipeline>.Instance);
        while ((await pipeline.RunAsync(new TenantId(1), CancellationToken.None)).Claimed > 0)
        {
        }

        await using var session = await StorageSession.OpenAsync(_worker, new TenantId(1), CancellationToken.None);
        (await LedgerAudit.PositionsDifferFromLedgerAsync(session, CancellationToken.None)).ShouldBeEmpty();
    }

    /// <summary>A bucket of a SKU at a location, 0 where there is no pool.</summary>
    public async Task<int> AtAsync(string sku, string location, string bucket = "onHand")
    {
        var stock = await Api.GetAsync($"/api/v1/stock/{sku}");
        var pool = stock["locations"]!.AsArray().SingleOrDefault(p => (string)p!["location"]! == location);
        return pool is null ? 0 : (int)pool["buckets"]![bucket]!;
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await Api.DisposeAsync();
    }
}
