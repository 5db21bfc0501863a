using Shouldly;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

public sealed class DeletionGuardTests
{
    [Theory]
    [InlineData(0, 0, 5)] // A handful that goes is a usual day.
    [InlineData(40, 0, 5)]
    [InlineData(40, 5, 0)]
    [InlineData(1000, 0, 50)]
    [InlineData(1000, 49, 1)]
    [InlineData(1000, 50, 0)]
    [InlineData(1000, 70, 0)]
    public void Deletions_take_away_in_a_window_what_a_feed_may_take_away_in_one(long known, long gone, long mayPass) =>
        DeletionGuard.MayPass(new DeletionWindow(default, known, gone)).ShouldBe(mayPass);
}
