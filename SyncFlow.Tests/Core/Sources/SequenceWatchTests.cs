using Shouldly;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

public sealed class SequenceWatchTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    private static readonly SequenceMark Last = new(10_500, Noon, 0);

    [Fact]
    public void C26_A_watermark_that_goes_back_is_a_source_that_was_put_back()
    {
        var judged = SequenceWatch.Judge(Last, [], 9_800, gapless: false);
        judged.Backwards!.ShouldContain("10500");
        judged.Backwards!.ShouldContain("9800");
        judged.Mark.ShouldBe(Last);
    }

    [Theory]
    [InlineData(10_501, 1, false, 10_501)]
    [InlineData(9_800, -90, false, 10_500)]
    [InlineData(9_800, 0.5, false, 10_500)]
    [InlineData(9_800, 5, true, 10_500)]
    public void A_lower_number_is_late_unless_its_own_clock_says_that_it_is_newer(long sequence, double minutes, bool back, long highest)
    {
        var judged = SequenceWatch.Judge(Last, [new Numbered(sequence, Noon.AddMinutes(minutes))], null, gapless: false);
        (judged.Backwards is not null).ShouldBe(back);
        judged.Mark.Sequence.ShouldBe(highest);
    }

    [Fact]
    public void C25_Nobody_elses_clock_is_asked()
    {
        // A source whose clock is a year behind or ahead is judged by itself: only the order of its own values counts.
        var behind = new SequenceMark(10, Noon.AddYears(-1), 0);
        SequenceWatch.Judge(behind, [new Numbered(11, Noon.AddYears(-1).AddMinutes(5))], 11, gapless: true).ShouldBe(
            new SequenceJudgement(new SequenceMark(11, Noon.AddYears(-1).AddMinutes(5), 0), null));
    }

    [Fact]
    public void Missing_numbers_are_counted_and_found_again()
    {
        var judged = SequenceWatch.Judge(Last, [new Numbered(10_503, Noon.AddMinutes(1))], null, gapless: true);
        judged.Mark.ShouldBe(new SequenceMark(10_503, Noon.AddMinutes(1), 2));
        judged = SequenceWatch.Judge(judged.Mark, [new Numbered(10_501, Noon)], null, gapless: true);
        judged.Mark.Missing.ShouldBe(1);
        judged = SequenceWatch.Judge(judged.Mark, [new Numbered(10_502, Noon)], 10_503, gapless: true);
        judged.Mark.Missing.ShouldBe(0);
    }

    [Fact]
    public void The_first_word_of_a_source_is_no_gap()
    {
        SequenceWatch.Judge(default, [new Numbered(9_000, Noon)], null, gapless: true).Mark.ShouldBe(new SequenceMark(9_000, Noon, 0));
        SequenceWatch.Judge(default, [], null, gapless: true).ShouldBe(default);
    }
}
