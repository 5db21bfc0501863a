using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Api.Http;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>A text with a NUL is refused with its field wherever it comes in: the database would refuse it without.</summary>
public sealed class StorableInputTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal sealed record Line(string? Sku, IReadOnlyList<string>? Notes);

    internal sealed record Body(string? Name, IReadOnlyList<Line>? Items)
    {
        public Line? First { get; init; }
    }

    [Fact]
    public void The_field_is_named_however_deep_it_stands()
    {
        Find(null).ShouldBeNull();
        Find(new Body("a", [new Line("b", ["c"])]) { First = new Line("d", null) }).ShouldBeNull();
        Find(new Body("a\0", null)).ShouldBe("name");
        Find(new Body("a", [new Line("b", null), new Line("\0", null)])).ShouldBe("items[1].sku");
        Find(new Body("a", [new Line("b", ["c", "d\0"])])).ShouldBe("items[0].notes[1]");
        Find(new Body("a", []) { First = new Line("\0", null) }).ShouldBe("first.sku");
        StorableInput.FieldWithNul("a\0", "sku", isBody: true).ShouldBe("sku");
        StorableInput.FieldWithNul(new[] { "a", "b\0" }, "sku", isBody: true).ShouldBe("sku");
        StorableInput.FieldWithNul(new List<string> { "b\0" }, "sku", isBody: true).ShouldBe("sku");
        StorableInput.FieldWithNul(new Uri("http://x/"), "x", isBody: true).ShouldBeNull("nothing of the framework's is looked at");
    }

    [Fact]
    public async Task Queries_and_bodies_are_refused_by_field_and_addresses_whole()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await app.Client.GetAsync("/api/v1/skus/A%00", Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "the server takes no such address");
        (await FieldsAsync(app, HttpMethod.Get, "/api/v1/stock?search=%00")).ShouldBe(["search"]);
        (await FieldsAsync(app, HttpMethod.Get, "/api/v1/stock?cursor=AA")).ShouldBe(["cursor"], "a cursor of a NUL");
        (await FieldsAsync(app, HttpMethod.Post, "/api/v1/skus", """{"code":"A\u0000"}""")).ShouldBe(["code"]);
        (await FieldsAsync(app, HttpMethod.Post, "/api/v1/skus", """{"code":"A","title":"x\u0000"}""")).ShouldBe(["title"]);
        (await FieldsAsync(
            app, HttpMethod.Post, "/api/v1/stock-operations", """{"items":[{"key":"k","kind":"receipt","sku":"A","location":"L","units":1,"reason":"a\u0000"}]}"""))
            .ShouldBe(["items[0].reason"]);
        (await app.SqlAsync<long>("SELECT count(*) FROM skus")).ShouldBe(0);
    }

    private static string? Find(object? body) => StorableInput.FieldWithNul(body, "request", isBody: true);

    private static async Task<string[]> FieldsAsync(ApiApp app, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        using var answer = await app.Client.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, text);
        return [.. JsonNode.Parse(text)!["errors"]!.AsObject().Select(e => e.Key)];
    }
}
