using Shouldly;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

public sealed class FeedGuardTests
{
    [Theory]
    [InlineData(0, 0, 0, false)] // Nothing was known, so nothing can be taken away.
    [InlineData(1_200, 0, 1_200, true)]
    [InlineData(1_200, 12, 1_188, true)]
    [InlineData(1_000, 799, 0, true)]
    [InlineData(1_000, 800, 50, false)]
    [InlineData(1_000, 1_000, 51, true)]
    [InlineData(20, 20, 5, false)] // A handful that sells out is a usual day.
    [InlineData(20, 20, 6, true)]
    public void C27_A_feed_that_would_take_away_much_waits_for_a_person(long known, long listed, long zeroed, bool held) =>
        (FeedGuard.WhyHeld(new FeedComparison(known, listed, zeroed)) is not null).ShouldBe(held);
}
