using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Health;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class HealthEndpointsTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Nowhere = "127.0.0.1:1";

    [Fact]
    public async Task With_both_servers_there_a_process_is_healthy()
    {
        await using var app = await StartAsync(await DatabaseAsync(), await redis.ConfigurationAsync());
        await Waits.UntilAsync(async () => (await GetAsync(app, "/health")).Body["status"]!.GetValue<string>() == "Healthy", "a healthy answer");
        var (status, body) = await GetAsync(app, "/health");
        status.ShouldBe(HttpStatusCode.OK);
        body["checks"]!["postgres"]!["detail"]!.GetValue<string>().ShouldBe("answers");
        body["checks"]!["redis"]!["status"]!.GetValue<string>().ShouldBe("Healthy");
    }

    [Fact]
    public async Task Without_Redis_it_is_ready_and_says_that_it_is_slower()
    {
        await using var app = await StartAsync(await DatabaseAsync(), Nowhere);
        var (status, body) = await GetAsync(app, "/health");
        status.ShouldBe(HttpStatusCode.OK);
        body["status"]!.GetValue<string>().ShouldBe("Degraded");
        body["checks"]!["redis"]!["detail"]!.GetValue<string>().ShouldContain("Redis is away");
    }

    [Fact]
    public async Task Without_PostgreSQL_it_is_alive_but_not_ready()
    {
        await using var app = await StartAsync("Host=127.0.0.1;Port=1;Username=nobody;Password=top-secret;Timeout=2", Nowhere);
        var (status, body) = await GetAsync(app, "/health");
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        body["checks"]!["postgres"]!["status"]!.GetValue<string>().ShouldBe("Unhealthy");
        body.ToJsonString().ShouldNotContain("top-secret");
        (await GetAsync(app, "/alive")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<string> DatabaseAsync()
    {
        var database = await postgres.CreateDatabaseAsync();
        await TestRoles.EnsureAsync(database);
        return database;
    }

    private static async Task<WebApplication> StartAsync(string database, string redisConfiguration)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["ConnectionStrings:syncflow"] = database;
        builder.Configuration["ConnectionStrings:redis"] = redisConfiguration;
        builder.AddServiceDefaults().AddSyncFlowPostgres(PostgresRole.Ingest).AddSyncFlowRedis();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapHealth();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> GetAsync(WebApplication app, string path)
    {
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(new Uri(app.Urls.First()), path), TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, JsonNode.Parse(body)!.AsObject());
    }
}
