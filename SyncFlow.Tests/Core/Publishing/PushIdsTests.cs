using Shouldly;
using SyncFlow.Core.Publishing;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

public sealed class PushIdsTests
{
    [Fact]
    public void An_id_in_order_of_time_tells_its_millisecond_and_another_tells_nothing()
    {
        var at = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);
        PushIds.PlannedAt(Guid.CreateVersion7(at)).ShouldBe(at);
        PushIds.PlannedAt(Guid.Parse("0199c0de-0000-4000-8000-000000000001")).ShouldBeNull();
        PushIds.PlannedAt(Guid.Parse("ffffffff-ffff-7fff-bfff-ffffffffffff")).ShouldBeNull("no calendar goes so far");
    }
}
