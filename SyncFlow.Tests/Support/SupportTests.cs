using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Support;

public sealed class SupportTests
{
    [Fact]
    public void Timers_fire_in_order_of_their_moments_and_see_them_as_now()
    {
        var clock = new TestClock();
        var start = clock.GetUtcNow();
        var seen = new List<string>();
        using var late = clock.CreateTimer(_ => seen.Add($"late {clock.GetUtcNow() - start:c}"), null, TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using var often = clock.CreateTimer(_ => seen.Add($"often {clock.GetUtcNow() - start:c}"), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

        clock.Advance(TimeSpan.FromSeconds(5));

        seen.ShouldBe(["often 00:00:02", "often 00:00:04", "late 00:00:05"]);
        (clock.GetUtcNow() - start).ShouldBe(TimeSpan.FromSeconds(5));
        clock.Waiting.ShouldBe(1);
    }

    [Fact]
    public async Task A_delay_on_the_test_clock_ends_when_the_clock_gets_there()
    {
        var clock = new TestClock();
        var delay = Task.Delay(TimeSpan.FromMinutes(10), clock, TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromMinutes(9));
        delay.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromMinutes(1));
        await delay.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_table_gives_its_cells_by_column()
    {
        var rows = Tables.Parse(
            """
            # a comment
            op         qty  expect
            sell MUG     2  committed 2
            restock   -100
            """);
        rows.Count.ShouldBe(2);
        rows[0]["op"].ShouldBe("sell MUG");
        rows[0].Int("qty").ShouldBe(2);
        rows[0]["expect"].ShouldBe("committed 2");
        rows[1].Int("qty").ShouldBe(-100);
        rows[1]["expect"].ShouldBe("");
        rows[1].IntOrNull("expect").ShouldBeNull();
        rows[1].Line.ShouldBe(4);
    }

    [Theory]
    [InlineData("a  b\n1   2", "Line 2: '2' stands under no column")]
    [InlineData("a  a\n1  2", "twice")]
    [InlineData("", "empty")]
    public void A_table_that_is_not_aligned_is_refused(string text, string says)
    {
        Should.Throw<FormatException>(() => Tables.Parse(text)).Message.ShouldContain(says);
    }

    [Fact]
    public void A_cell_that_is_no_number_and_a_column_that_is_not_there_are_named()
    {
        var row = Tables.Parse("a\nx").ShouldHaveSingleItem();
        Should.Throw<FormatException>(() => row.Int("a")).Message.ShouldContain("'x' under 'a'");
        Should.Throw<ArgumentException>(() => row["b"]).Message.ShouldContain("no column 'b'");
    }

    [Fact]
    public void A_failure_names_the_seed_that_replays_it()
    {
        var failure = Should.Throw<SeedFailedException>(
            () => Seeds.Run(count: 5, first: 40, body: seed => seed.ShouldBeLessThan(42)));
        failure.Message.ShouldContain("SYNCFLOW_SEED=42");
    }
}
