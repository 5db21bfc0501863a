using System.Globalization;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

public sealed class MovementPullTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task What_is_new_since_the_watermark_is_booked_once_page_by_page()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 10, overlap: 5);
        for (var n = 1; n <= 25; n++)
        {
            stand.Move(n, 2, n % 2 == 0 ? "A" : "B");
        }

        var pull = await stand.RoundAsync();
        ((await stand.AtAsync()), (await stand.AtAsync("B"))).ShouldBe((24, 26));
        ((string)pull["watermark"]!, (long)pull["pages"]!, (long)pull["rows"]!, (bool)pull["isInRound"]!).ShouldBe(("25", 3, 25, false));
        stand.Server.Asked.Select(a => a.Since).ShouldAllBe(since => since == null);
        stand.Server.Asked.ShouldAllBe(a => a.Authorization == "Bearer open sesame");

        stand.Move(26, 5);
        stand.Server.Asked.Clear();
        pull = await stand.RoundAsync();
        stand.Server.Asked.Select(a => a.Since).ShouldBe(["20"], "the overlap is asked again");
        (await stand.AtAsync()).ShouldBe(29, "and not booked again");
        ((string)pull["watermark"]!, pull["fault"]).ShouldBe(("26", null));
        var events = (await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}"))["events"]!;
        ((int)events["accepted"]!, (int)events["repeated"]!).ShouldBe((26, 5));
    }

    [Fact]
    public async Task A_row_that_was_committed_late_is_seen_by_the_overlap()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync();
        stand.Move(10, 5);
        stand.Move(12, 5);
        await stand.RoundAsync();
        stand.Move(11, 7);
        await stand.RoundAsync();
        (await stand.AtAsync()).ShouldBe(17);
    }

    [Fact]
    public async Task Broken_rows_are_named_by_field_and_kept_and_their_neighbours_are_booked()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync();
        stand.Move(1, "5");
        stand.Move(2, "1,234");
        stand.Move(3, "2-");
        stand.Server.Movements[4] = new { id = 4711, sku = "A", location = "1000", units = 3, occurredAt = "20260301080400", sequence = "4" };
        stand.Server.Movements[5] = new { id = "m5", sku = "A", location = "1000", units = 3, occurredAt = "03/04/2026", sequence = 5 };
        stand.Server.Movements[6] = "not an object";
        stand.Server.Movements[7] = new { id = "m7", sku = "A\0B", location = "1000", units = 3, occurredAt = stand.Server.AsOf, sequence = 7 };
        stand.Server.Movements[8] = new { id = "m8", sku = "A", location = "1000", units = 3, occurredAt = stand.Server.AsOf };
        stand.Server.Movements[9] = new { id = "m9", type = "position", sku = "A", location = "1000", onHand = 1.5, occurredAt = stand.Server.AsOf, sequence = 9 };
        stand.Server.Movements[10] = new { id = "m\0", sku = "A", location = "1000", units = 3, occurredAt = stand.Server.AsOf, sequence = 10 };
        var pull = await stand.RoundAsync();
        (await stand.AtAsync()).ShouldBe(6, "5 - 2 + 3");
        ((string)pull["watermark"]!, (long)pull["brokenRows"]!).ShouldBe(("10", 7));
        var broken = (await stand.BrokenAsync()).Select(b => $"{b!["eventId"]}: {string.Join(' ', b["errors"]!.AsObject().Select(e => e.Key))}").ToList();
        broken.ShouldContain("m2: units");
        broken.ShouldContain("m5: occurredAt");
        broken.ShouldContain("m7: sku");
        broken.ShouldContain(": id");
        broken.ShouldContain("m8: sequence");
        broken.ShouldContain("m9: onHand");
        broken.ShouldContain(b => b.Contains("row", StringComparison.Ordinal));

        await stand.RoundAsync();
        (await stand.BrokenAsync()).Select(b => (int)b!["times"]!).ShouldAllBe(times => times == 2, "the overlap brings them again: counted, not kept twice");
        ((int)(await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}"))["events"]!["refused"]!).ShouldBe(8, "the one without a sequence is an event that is refused each time");
    }

    [Fact]
    public async Task Events_of_unknown_codes_wait_and_are_booked_once_mapped()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync();
        stand.Move(1, 5, "NEW");
        stand.Move(2, 5);
        await stand.RoundAsync();
        await stand.RoundAsync();
        (await stand.AtAsync()).ShouldBe(5);
        (await stand.Stand.Api.PostAsync("/api/v1/skus", new { code = "NEW" })).Status.ShouldBe(System.Net.HttpStatusCode.Created);
        (await stand.Stand.ReleaseAsync()).ShouldBe(1);
        (await stand.AtAsync("NEW")).ShouldBe(5);
    }

    [Fact]
    public async Task A_source_ordered_by_its_clock_is_asked_by_its_clock_however_wrong_that_is()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        var wms = await stand.Stand.SourceAsync("WMS", "wms");
        await stand.Stand.MapAsync("WMS,1000,MAIN");
        stand.Source = wms;
        await stand.SetAsync(overlap: 300);
        var skewed = new DateTimeOffset(2026, 3, 1, 8, 5, 0, TimeSpan.Zero).AddYears(3);
        stand.Server.Instead = ask => SourceAnswer.Of(new
        {
            items = new[] { new { id = "w1", sku = "A", location = "1000", units = 4, occurredAt = skewed } },
            watermark = skewed.ToString("O", CultureInfo.InvariantCulture),
        });
        var pull = await stand.RoundAsync();
        ((string)pull["watermark"]!).ShouldBe("2029-03-01T08:05:00.000000Z");
        stand.Server.Asked.Clear();
        await stand.RoundAsync();
        stand.Server.Asked.Single().Since.ShouldBe("2029-03-01T08:00:00.000000Z");
        (await stand.AtAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task C14_A_transfer_whose_arrival_is_told_before_its_departure_never_shows_more_than_there_was()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.Stand.MapAsync("ERP,2000,SIDE");
        await stand.SetAsync();
        stand.Move(1, 10);
        await stand.RoundAsync();
        stand.Server.Movements[2] = new { id = "in", sku = "A", location = "2000", units = 3, occurredAt = stand.Server.AsOf.AddHours(1), sequence = 2 };
        stand.Move(3, -4);
        await stand.RoundAsync();
        (await stand.AtAsync(), await stand.Stand.Warehouse.AtAsync("A", "SIDE")).ShouldBe((6, 3), "one is lost on the way");
        (await stand.Stand.Api.SqlAsync<long>("SELECT count(DISTINCT recorded_at) FROM ledger_entries WHERE fact_key LIKE '%:in' OR fact_key LIKE '%:m3'"))
            .ShouldBe(1, "both are booked in one transaction: nobody sees the arrival alone");
    }

    [Fact]
    public async Task C28_What_cannot_be_booked_ends_as_a_dead_letter_of_its_SKU_alone()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 1_000);
        for (var n = 1; n <= 250; n++)
        {
            stand.Move(n, 10_000_000);
        }

        stand.Move(251, 5, "B");
        await stand.RoundAsync();
        (await stand.AtAsync("B")).ShouldBe(5, "its neighbour is booked");
        for (var attempt = 1; attempt < 5; attempt++)
        {
            await stand.Stand.Api.SqlAsync<long>("WITH due AS (UPDATE inbox SET next_attempt_at = now() WHERE state = 0 RETURNING 1) SELECT count(*) FROM due");
            await stand.Stand.Warehouse.ApplyAsync();
        }

        (await stand.AtAsync()).ShouldBe(0, "the sum leaves the range of numbers");
        (await stand.Stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 2")).ShouldBe(1);
    }
}
