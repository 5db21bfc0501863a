using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Worker.Publishing;
using Xunit;

namespace SyncFlow.Tests.Worker.Publishing;

public sealed class ContendedLevelsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    private readonly ContendedLevels _levels = new();

    [Fact]
    public void A_level_whose_compare_was_stale_goes_apart_for_a_while()
    {
        _levels.Learn([Answer(2, ElementOutcome.Stale), Answer(3, ElementOutcome.NotSent)], Now);

        Chosen([1, 2, 3, 4], Now).ShouldBe([1, 3, 4], "the most urgent one is not contended");
        Chosen([2, 1, 3, 4], Now).ShouldBe([2], "the most urgent one is");
        Chosen([2, 1, 3, 4], Now + ContendedLevels.Remembered).ShouldBe([2, 1, 3, 4], "that is long ago");
    }

    [Fact]
    public void Contended_levels_go_a_few_at_a_time_unless_there_are_many()
    {
        var few = Enumerable.Range(1, ContendedLevels.MostApart).ToArray();
        _levels.Learn(few.Select(n => Answer(n, ElementOutcome.Stale)), Now);
        Chosen(few, Now).Length.ShouldBe(ContendedLevels.PerPush);

        var many = few.Append(few.Length + 1).ToArray();
        _levels.Learn([Answer(many[^1], ElementOutcome.Stale)], Now);
        Chosen(many, Now).ShouldBe(many.Select(n => (long)n), "small calls for all of them would cost more than they save");
        Chosen(Enumerable.Range(1_000, 300), Now).Length.ShouldBe(PublishLimits.LevelsPerPush);
    }

    private static ElementAnswer Answer(int level, ElementOutcome outcome) => new(new LevelId(level), outcome, null);

    private long[] Chosen(IEnumerable<int> levels, DateTimeOffset now) =>
        [.. _levels.Choose([.. levels.Select(n => new PlanCandidate(new SkuId(n), new LevelId(n), $"i{n}", "x"))], now).Select(c => c.Level.Value)];
}
