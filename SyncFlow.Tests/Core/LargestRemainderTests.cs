using Shouldly;
using SyncFlow.Core.Allocation;
using Xunit;

namespace SyncFlow.Tests.Core;

public sealed class LargestRemainderTests
{
    [Theory]
    [InlineData(1, new[] { 1, 0, 0 })]
    [InlineData(7, new[] { 4, 2, 1 })]
    [InlineData(100, new[] { 60, 25, 15 })]
    [InlineData(0, new[] { 0, 0, 0 })]
    public void C32_Sixty_twentyfive_fifteen_always_sums_exactly(int units, int[] expected) =>
        LargestRemainder.Share(units, [60, 25, 15]).ShouldBe(expected);

    [Fact]
    public void Equal_weights_give_ties_to_the_earlier_channel() =>
        LargestRemainder.Share(5, [1, 1, 1]).ShouldBe([2, 2, 1]);

    [Fact]
    public void Negative_units_are_refused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => LargestRemainder.Share(-1, [1]));
}
