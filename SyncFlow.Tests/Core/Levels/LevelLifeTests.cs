using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Levels;

/// <summary>A level that goes out of service and comes back is another one each time (rule R13).</summary>
public sealed class LevelLifeTests
{
    [Fact]
    public void R13_A_reading_taken_while_a_location_was_closed_changes_nothing_once_it_is_open_again()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        var channel = desk.Context.Channels[new ConnectionId(1)];
        Replace(desk, channel with { Locations = channel.Locations.Remove("x1"), ClosedPlaces = channel.Locations });
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Closing), l => l.Generation.ShouldBe(2));
        var closed = desk.Mark(1, ReadingKind.Plain) with { Available = 3 };

        Replace(desk, channel);
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Live), l => l.Generation.ShouldBe(3));
        desk.Read(1, closed).ShouldBe(FactOutcome.Older);
        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(10), l => l.Suspense.ShouldBe(0), l => l.NeedsReading.ShouldBeTrue());
    }

    private static void Replace(Desk desk, ChannelSettings channel)
    {
        desk.Context = desk.Context with { Channels = desk.Context.Channels.SetItem(channel.Connection, channel) };
        desk.Touch();
    }
}
