using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

public sealed class PositionPullTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_source_begins_with_its_positions_and_goes_on_with_the_movements_after_them()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(positions: true);
        stand.Server.Positions.AddRange([Position("A", 50), Position("B", "7", unavailable: 1)]);
        stand.Move(90, 3);
        stand.Move(100, 2);
        await stand.AskAsync();
        ((await stand.AtAsync()), (await stand.AtAsync("B"))).ShouldBe((50, 7), "movements up to the positions' number are contained in them");
        (await stand.Stand.Warehouse.AtAsync("B", "MAIN", "unavailable")).ShouldBe(1);
        stand.Move(101, -4);
        var pull = await stand.RoundAsync();
        ((await stand.AtAsync()), (string)pull["watermark"]!).ShouldBe((46, "101"));
        pull["refreshDueAt"].ShouldNotBeNull();
        stand.Server.Asked.Count(a => a.Feed == "positions").ShouldBe(1, "the next refresh is a day away");
    }

    [Fact]
    public async Task Movements_wait_until_the_first_positions_have_come()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(positions: true);
        stand.Server.Positions.Add(Position("A", 50));
        stand.Move(90, 3);
        stand.Server.Instead = asked => asked.Feed == "positions" ? new SourceAnswer([], 503) : null;
        await stand.AskAsync();
        await stand.AskAsync();
        stand.Server.Asked.ShouldNotContain(asked => asked.Feed == "movements", "at the worker's next look neither");
        (await stand.AtAsync()).ShouldBe(0);
        stand.Server.Instead = _ => null;
        await stand.RoundAsync(refresh: true);
        (await stand.AtAsync()).ShouldBe(50, "the movement is contained in them");
    }

    [Theory]
    [InlineData(0, "empty")]
    [InlineData(12, "lists 12 positions")]
    public async Task C27_An_empty_or_shrunken_refresh_writes_nothing_and_waits_for_a_person(int rows, string why)
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.Stand.SkusAsync(1_200);
        await stand.SetAsync(movements: false, positions: true, pageSize: 1_000);
        stand.Server.Positions.AddRange(Enumerable.Range(1, 1_200).Select(n => Position($"S{n}", 10)));
        stand.Server.Watermark = 100;
        await stand.AskAsync();
        (await stand.Stand.UnitsAsync()).ShouldBe(12_000);

        stand.Server.Positions.RemoveRange(rows, 1_200 - rows);
        Later(stand, 200);
        await stand.RoundAsync(refresh: true);
        (await stand.Stand.UnitsAsync()).ShouldBe(12_000, "nothing is booked");
        ((string)(await stand.IncidentsAsync("feed-awaits-approval")).ShouldHaveSingleItem()!["message"]!).ShouldContain(why);
        var file = (await FilesAsync(stand))[0]!;
        await stand.Stand.ApprovedAsync(file);
        (await stand.Stand.UnitsAsync()).ShouldBe(rows * 10);
        (await stand.IncidentsAsync("feed-awaits-approval")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Broken_and_double_rows_are_named_and_the_others_booked_and_pages_that_do_not_end_book_nothing()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(movements: false, positions: true, pageSize: 2);
        stand.Server.Positions.AddRange([Position("A", 5), Position("B", "many"), Position("a", 9), new { sku = "B" }]);
        stand.Server.Watermark = 100;
        await stand.AskAsync();
        (await stand.AtAsync()).ShouldBe(5);
        var errors = (await FilesAsync(stand))[0]!["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").Distinct();
        errors.ShouldBe(["2 onHand", "3 sku", "4 location", "4 onHand"], ignoreOrder: true);

        stand.Server.Positions.Clear();
        stand.Server.Positions.AddRange([Position("A", 6), Position("B", 6)]);
        Later(stand, 200);
        stand.Server.Instead = ask => SourceAnswer.Of(new { items = stand.Server.Positions, next = ask.Cursor == "x" ? "y" : "x", asOf = stand.Server.AsOf, sequence = 200 });
        ((string)(await stand.RoundAsync(refresh: true))["faultCode"]!).ShouldBe("SAME_PAGE");
        (await stand.AtAsync()).ShouldBe(5, "a refresh whose end never came is none");
        ((string)(await FilesAsync(stand))[0]!["state"]!).ShouldBe("broken");

        stand.Server.Instead = ask => SourceAnswer.Of(new
        {
            items = new[] { Position(ask.Cursor is null ? "A" : "B", 8) },
            next = ask.Cursor is null ? "x" : null,
            asOf = stand.Server.AsOf,
            sequence = ask.Cursor is null ? 200 : 150,
        });
        ((string)(await stand.RoundAsync(refresh: true))["faultCode"]!).ShouldBe("AS_OF_WENT_BACK");
        (await stand.AtAsync()).ShouldBe(5);
    }

    [Fact]
    public async Task Pick_tasks_are_taken_in_as_they_change_and_one_that_is_no_longer_listed_is_open_no_longer()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(movements: false, pickTasks: true);
        stand.Move(1, 1);
        stand.Server.PickTasks.AddRange([Task("O1", 2), Task("O1", 1), Task("O2", "4")]);
        await stand.RoundAsync();
        (await AllocatedAsync(stand)).ShouldBe(7, "two lines of one order's item at one place are one task");
        await stand.RoundAsync();
        (await stand.Stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(1, "what did not change is not told again");

        stand.Move(2, 1);
        stand.Server.PickTasks.RemoveAt(2);
        await stand.RoundAsync();
        (await AllocatedAsync(stand)).ShouldBe(3);
        stand.Move(3, 1);
        stand.Server.PickTasks.Add(Task("O2", 1));
        await stand.RoundAsync();
        (await AllocatedAsync(stand)).ShouldBe(4, "a task that comes again counts again");
    }

    [Fact]
    public async Task What_a_task_shipped_is_told_by_movements_whichever_of_both_is_asked_first()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(movements: true, pickTasks: true);
        stand.Move(1, 1);
        stand.Server.PickTasks.Add(Task("O1", 3));
        await stand.RoundAsync();
        stand.Server.PickTasks.Clear();
        stand.Server.Watermark = 9;
        await stand.RoundAsync();
        (await AllocatedAsync(stand)).ShouldBe(0, "gone from the list");
        stand.Server.Movements[5] = new { id = "ship", type = "picks", reference = "O1", sku = "A", location = "1000", open = 0, shipped = 3, occurredAt = stand.Server.AsOf, sequence = 5 };
        await stand.RoundAsync();
        (await stand.Stand.Api.SqlAsync<int>("SELECT shipped_units FROM source_claims WHERE transaction_id = 'O1'")).ShouldBe(3);
    }

    private static object Position(string sku, object onHand, int? unavailable = null) => new { sku, location = "1000", onHand, unavailable };

    private static object Task(string order, object open) => new { reference = order, sku = "A", location = "1000", open };

    private static Task<int> AllocatedAsync(PullStand stand) => stand.Stand.Warehouse.AtAsync("A", "MAIN", "allocated");

    private static void Later(PullStand stand, long sequence) => (stand.Server.Watermark, stand.Server.AsOf) = (sequence, stand.Server.AsOf.AddHours(1));

    private static async Task<JsonArray> FilesAsync(PullStand stand) =>
        (await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}/files"))["items"]!.AsArray();
}
