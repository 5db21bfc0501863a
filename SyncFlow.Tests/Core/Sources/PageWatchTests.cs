using Shouldly;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

public sealed class PageWatchTests
{
    [Fact]
    public void A_cursor_that_was_asked_before_goes_round_in_a_circle()
    {
        var watch = new PageWatch(0);
        watch.Judge(Page(null, "a", "1")).ShouldBeNull();
        watch.Judge(Page("a", "b", "2")).ShouldBeNull();
        watch.Judge(Page("b", "a", "3"))!.Value.Code.ShouldBe("CURSOR_LOOPS");
        new PageWatch(0).Judge(Page("a", "a", "1"))!.Value.Code.ShouldBe("CURSOR_LOOPS", "a page that names itself as the next");
    }

    [Fact]
    public void The_same_rows_under_ever_new_cursors_would_never_end()
    {
        var watch = new PageWatch(0);
        watch.Judge(Page(null, "a", "1")).ShouldBeNull();
        watch.Judge(Page("a", "b", "1"))!.Value.Code.ShouldBe("SAME_PAGE");
        var last = new PageWatch(0);
        last.Judge(Page(null, "a", "1")).ShouldBeNull();
        last.Judge(Page("a", null, "1")).ShouldBeNull("it is the last one");
    }

    [Fact]
    public void Pages_that_bring_nothing_new_are_borne_for_a_while()
    {
        var watch = new PageWatch(0);
        for (var n = 0; n < PageWatch.MostBarren; n++)
        {
            watch.Judge(Page($"{n}", $"{n + 1}", $"{n}", fresh: 0)).ShouldBeNull();
        }

        watch.Judge(Page("x", "y", "x", fresh: 0))!.Value.Code.ShouldBe("NO_PROGRESS");
    }

    [Fact]
    public void A_watermark_that_falls_between_two_pages_is_a_source_that_was_put_back()
    {
        var watch = new PageWatch(5);
        watch.Judge(Page(null, "a", "1", watermark: 100)).ShouldBeNull();
        watch.Judge(Page("a", "b", "2", watermark: 95)).ShouldBeNull("clocks of a cluster differ");
        watch.Judge(Page("b", "c", "3", watermark: 94))!.Value.Code.ShouldBe("WATERMARK_WENT_BACK");
        watch.Watermark.ShouldBe(100);
    }

    private static PageSeen Page(string? asked, string? next, string hash, int fresh = 1, long? watermark = null) => new(asked, next, 3, fresh, hash, watermark);
}
