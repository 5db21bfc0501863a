using System.Net;
using System.Text;
using Shouldly;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>Sources that answer badly: named, waited for, shown in their health, and nothing is lost.</summary>
public sealed class MisbehaviourTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Pages_that_never_end_are_told_apart_and_what_they_held_is_booked_once()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 1);
        stand.Move(1, 5);
        stand.Move(2, 5);
        stand.Move(3, 5);
        SourceAnswer Page(int row, string next) => SourceAnswer.Of(new { items = new[] { stand.Server.Movements[row] }, next, watermark = 3 });

        stand.Server.Instead = ask => ask.Cursor switch { null => Page(1, "a"), "a" => Page(2, "b"), _ => Page(3, "a") };
        var pull = await stand.RoundAsync();
        ((string)pull["faultCode"]!, (int)pull["failures"]!, (bool)pull["isInRound"]!).ShouldBe(("CURSOR_LOOPS", 1, false));
        pull["watermark"].ShouldBeNull("it is not known to be whole");

        var n = 0;
        stand.Server.Instead = _ => Page(1, $"c{++n}");
        ((string)(await stand.RoundAsync())["faultCode"]!).ShouldBe("SAME_PAGE");
        n.ShouldBe(2);

        stand.Server.Instead = _ => SourceAnswer.Of(new { items = Array.Empty<object>(), next = $"d{++n}" });
        pull = await stand.RoundAsync();
        ((string)pull["faultCode"]!, (int)pull["failures"]!).ShouldBe(("NO_PROGRESS", 3));
        n.ShouldBeLessThan(300);
        (await stand.AtAsync()).ShouldBe(15);
        var incident = (await stand.IncidentsAsync("source-pull")).ShouldHaveSingleItem();
        ((string)incident!["message"]!).ShouldContain("NO_PROGRESS");
        await new SourceHealthStore(stand.Stand.Warehouse.Worker, TimeProvider.System).JudgeAsync(new(1), CancellationToken.None);
        var health = (await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}"))["health"]!;
        ((string)health["health"]!, ((string)health["reason"]!).Contains("pages in a row", StringComparison.Ordinal)).ShouldBe(("doubtful", true));

        stand.Server.Instead = _ => null;
        pull = await stand.RoundAsync();
        ((string)pull["watermark"]!, pull["fault"], (int)pull["failures"]!).ShouldBe(("3", null, 0));
        (await stand.IncidentsAsync("source-pull")).ShouldBeEmpty("it is well again");
        (await stand.AtAsync()).ShouldBe(15);
    }

    [Fact]
    public async Task C26_A_watermark_that_goes_back_freezes_the_source_and_after_a_person_resumed_it_it_is_asked_from_there()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(overlap: 0);
        stand.Move(10_500, 20);
        await stand.RoundAsync();
        stand.Server.Movements.Clear();
        stand.Server.Watermark = 9_800;
        await stand.RoundAsync();
        ((string)(await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}"))["state"]!).ShouldBe("frozen");
        ((string)(await stand.IncidentsAsync("source-frozen")).ShouldHaveSingleItem()!["message"]!).ShouldContain("from 10500 to 9800");
        (await stand.AtAsync()).ShouldBe(20, "its last good stock stands");

        stand.Server.Watermark = null;
        stand.Move(9_801, 3, id: "after the restore");
        stand.Server.Asked.Clear();
        await stand.RoundAsync();
        stand.Server.Asked.ShouldBeEmpty("a frozen source is not asked");
        (await stand.Stand.Api.PostAsync($"/api/v1/sources/{stand.Source}/resume", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await stand.RoundAsync();
        stand.Server.Asked[0].Since.ShouldBe("9800");
        (await stand.AtAsync()).ShouldBe(23);
        ((string)(await stand.PullAsync())["watermark"]!).ShouldBe("9801");
    }

    [Fact]
    public async Task Answers_that_are_no_page_leave_the_stock_and_the_watermark_as_they_are()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync();
        stand.Move(1, 5);
        await stand.RoundAsync();
        foreach (var (what, (answer, code)) in Answers)
        {
            stand.Server.Instead = _ => answer();
            var pull = await stand.RoundAsync();
            ((string)pull["faultCode"]!, (string)pull["watermark"]!).ShouldBe((code, "1"), what);
        }

        stand.Server.Instead = _ => null;
        stand.Move(2, 2);
        (await stand.RoundAsync())["fault"].ShouldBeNull();
        (await stand.AtAsync()).ShouldBe(7);
    }

    [Fact]
    public async Task A_byte_order_mark_and_more_rows_than_asked_for_do_no_harm()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 1);
        stand.Move(1, 5);
        stand.Move(2, 6);
        stand.Server.Instead = ask =>
        {
            var whole = stand.Server.Answer(ask with { Limit = 100 });
            return whole with { Body = [.. Encoding.UTF8.Preamble, .. whole.Body] };
        };
        (await stand.RoundAsync())["fault"].ShouldBeNull();
        (await stand.AtAsync()).ShouldBe(11);
    }

    [Fact]
    public async Task A_cursor_that_the_source_forgot_begins_the_round_anew()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 1);
        stand.Move(1, 5);
        stand.Move(2, 6);
        stand.Server.Instead = ask => ask.Cursor is null ? null : new SourceAnswer([], 410);
        var pull = await stand.RoundAsync();
        ((string)pull["faultCode"]!, (bool)pull["isInRound"]!).ShouldBe(("CURSOR_GONE", false));
        stand.Server.Instead = _ => null;
        await stand.RoundAsync();
        (await stand.AtAsync()).ShouldBe(11);
    }

    [Fact]
    public async Task A_round_that_broke_off_goes_on_at_its_cursor()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 1);
        stand.Move(1, 5);
        stand.Move(2, 6);
        stand.Server.Instead = ask => ask.Cursor is null ? null : new SourceAnswer([], 503);
        (await stand.RoundAsync())["isInRound"]!.GetValue<bool>().ShouldBeTrue();
        (await stand.AtAsync()).ShouldBe(5, "what came before is booked");
        stand.Server.Instead = _ => null;
        stand.Server.Asked.Clear();
        await stand.RoundAsync();
        stand.Server.Asked.Select(a => a.Cursor).ShouldBe(["1"]);
        (await stand.AtAsync()).ShouldBe(11);
    }

    [Fact]
    public async Task The_own_network_and_plain_http_are_not_asked()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis, inside: false);
        await stand.SetAsync();
        ((string)(await stand.RoundAsync())["faultCode"]!).ShouldBe("NOT_HTTPS");
        (await stand.TrySetAsync(new { url = stand.Server.Url.Replace("http:", "https:", StringComparison.Ordinal), authorization = new { scheme = "bearer", secret = "s" } })).Status
            .ShouldBe(HttpStatusCode.OK);
        ((string)(await stand.RoundAsync())["faultCode"]!).ShouldBe("NOT_REACHED");
        stand.Server.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_setup_is_checked_field_by_field_and_its_secret_never_shown_nor_told_to_another_address()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        async Task<string> FieldsAsync(object setup)
        {
            var (status, body) = await stand.TrySetAsync(setup);
            status.ShouldBe(HttpStatusCode.BadRequest);
            return string.Join(' ', body!["errors"]!.AsObject().Select(e => e.Key));
        }

        (await FieldsAsync(new { url = "ftp://x", authorization = new { scheme = "magic", secret = "s" } })).ShouldBe("authorization.scheme url");
        (await FieldsAsync(new { url = "https://user:pw@x/", authorization = new { scheme = "basic", secret = "s" }, pageSize = 0, movements = false }))
            .ShouldBe("authorization.account url movements pageSize");
        (await FieldsAsync(new { url = "https://x/", authorization = new { scheme = "header", account = "Host", secret = "a\r\nb" } })).ShouldBe("authorization.secret authorization.account");
        (await FieldsAsync(new { url = "https://x/", authorization = new { scheme = "bearer" } })).ShouldBe("authorization.secret");
        await stand.SetAsync();
        (await stand.PullAsync()).ToJsonString().ShouldNotContain("sesame");
        (await FieldsAsync(new { url = "https://elsewhere.example/", authorization = new { scheme = "bearer" } })).ShouldBe("authorization.secret");
        (await stand.TrySetAsync(new { url = stand.Server.Url, authorization = new { scheme = "bearer" }, pageSize = 7 })).Status.ShouldBe(HttpStatusCode.OK, "the secret is kept");
        stand.Move(1, 5);
        await stand.RoundAsync();
        stand.Server.Asked[0].ShouldBe(new SourceAsk("movements", null, null, 7, "Bearer open sesame"));
        using var gone = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/sources/{stand.Source}/pull");
        (await stand.Stand.Api.SendAsync(gone)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await stand.Stand.Api.SqlAsync<bool>("SELECT bool_and(credential IS NULL) FROM connections WHERE kind = 'erp'")).ShouldBeTrue();
    }

    private static readonly Dictionary<string, (Func<SourceAnswer> Answer, string Code)> Answers = new()
    {
        ["not utf-8"] = (() => new SourceAnswer(Encoding.Latin1.GetBytes("{\"items\":[{\"sku\":\"Größe\"}]}")), "NOT_UTF8"),
        ["latin1"] = (() => new SourceAnswer("{\"items\":[]}"u8.ToArray(), ContentType: "application/json; charset=iso-8859-1"), "NOT_UTF8"),
        ["html"] = (() => SourceAnswer.Of("<html>Service down</html>"), "NOT_JSON"),
        ["no list"] = (() => SourceAnswer.Of("{\"items\":{}}"), "NOT_A_PAGE"),
        ["bad watermark"] = (() => SourceAnswer.Of("{\"items\":[],\"watermark\":\"soon\"}"), "NOT_A_PAGE"),
        ["half"] = (() => SourceAnswer.Of("{\"items\":[{\"id\":\"x\""), "NOT_JSON"),
        ["large"] = (() => new SourceAnswer(new byte[(16 << 20) + 1]), "ANSWER_TOO_LARGE"),
        ["401"] = (() => new SourceAnswer([], 401), "NOT_ALLOWED"),
        ["500"] = (() => new SourceAnswer([], 500), "SOURCE_FAILED"),
        ["429"] = (() => new SourceAnswer([], 429), "BUSY"),
        ["302"] = (() => new SourceAnswer([], 302, Location: "http://127.0.0.1:1/"), "REDIRECTED"),
    };
}
