using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class BufferTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Buffers = "/api/v1/policies/buffers";

    private static readonly object Tiers = new
    {
        tiers = new object[] { new { name = "slow", from = 0, units = 1 }, new { name = "medium", from = 0.5, percent = 7.5 }, new { name = "fast", from = 5, days = 2 } },
    };

    [Fact]
    public async Task Tiers_are_previewed_set_read_versioned_and_withdrawn_and_bad_ones_change_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (_, preview) = await SendAsync(app, HttpMethod.Put, $"{Buffers}?preview=true", Tiers);
        ((int)preview!["policy"]!["version"]!).ShouldBe(0, "a preview sets nothing");
        var (status, set) = await SendAsync(app, HttpMethod.Put, Buffers, Tiers);
        status.ShouldBe(HttpStatusCode.OK, set?.ToJsonString());
        var read = await app.GetAsync(Buffers);
        ((decimal)read["tiers"]![1]!["percent"]!).ShouldBe(7.5m);
        ((string?)read["tiers"]![2]!["name"]).ShouldBe("fast");

        async Task FieldAsync(object body, string field)
        {
            var (refused, problem) = await SendAsync(app, HttpMethod.Put, Buffers, body);
            refused.ShouldBe(HttpStatusCode.BadRequest, problem?.ToJsonString());
            problem!["errors"]!.AsObject().ShouldContain(e => e.Key == field, problem.ToJsonString());
        }

        await FieldAsync(new { }, "tiers");
        await FieldAsync(new { tiers = new object?[] { null } }, "tiers[0].name");
        await FieldAsync(new { tiers = new[] { new { name = "a", from = 0, percent = 101 } } }, "tiers[0].percent");
        await FieldAsync(new { tiers = new[] { new { name = "a", from = 0, days = -1 } } }, "tiers[0].days");
        await FieldAsync(new { tiers = new[] { new { name = "a", from = 0, units = 1 }, new { name = "A", from = 0, units = 1 } } }, "tiers[1].from");
        ((int)(await app.GetAsync(Buffers))["version"]!).ShouldBe(1);

        (await SendAsync(app, HttpMethod.Put, Buffers, Tiers, "\"v0\"")).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await SendAsync(app, HttpMethod.Delete, Buffers, null, "\"v1\"")).Status.ShouldBe(HttpStatusCode.OK);
        (await app.GetAsync($"{Buffers}/versions"))["items"]!.AsArray().Select(v => ((int)v!["version"]!, v["tiers"] is null)).ShouldBe([(2, true), (1, false)]);
        using var other = await app.OtherTenantAsync();
        ((int)JsonNode.Parse(await other.GetStringAsync(Buffers))!["version"]!).ShouldBe(0);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(ApiApp app, HttpMethod method, string path, object? body, string? tag = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await app.SendAsync(request);
    }
}
