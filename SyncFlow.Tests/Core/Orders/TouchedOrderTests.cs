using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Orders;

/// <summary>Orders that are to be read, and what a reading of a known one is the cause of.</summary>
public sealed class TouchedOrderTests
{
    private static readonly LocationId Shop = new(2);

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void With_one_place_a_new_place_is_not_asked_for_and_any_other_change_is(bool placeOnly, int calls)
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        desk.Apply(Touched(placeOnly)).ShouldBe(placeOnly ? FactOutcome.Unchanged : FactOutcome.Applied);
        desk.Work.Count(w => w.Kind == WorkKind.FetchOrder).ShouldBe(calls);
    }

    [Fact]
    public void With_two_places_a_new_place_is_asked_for()
    {
        var desk = WithTwoPlaces();
        desk.Apply(Touched(placeOnly: true)).ShouldBe(FactOutcome.Applied);
        desk.Work.ShouldHaveSingleItem().Ref.ShouldBe("1");
    }

    [Fact]
    public void Learning_where_an_order_ships_from_is_a_cause_of_the_moment_it_was_learned()
    {
        var desk = WithTwoPlaces();
        var soldAt = desk.Now;
        desk.Order(1, Desk.Snapshot("1", 2, soldAt));
        desk[2].CauseAt.ShouldBe(soldAt);
        desk.Publish(2)!.To.ShouldBe(8);

        desk.Now += TimeSpan.FromSeconds(3);
        var fetched = Desk.Snapshot("1", 2, soldAt, origin: SnapshotOrigin.Fetch);
        desk.Apply(new OrderFact("order:1:1", new ConnectionId(1), null, soldAt, fetched with
        {
            Lines = [fetched.Lines[0] with { VariantRef = "v1", Assignments = [new Assignment("x2", 2)] }],
        }));

        (desk[2].Target, desk[2].CauseAt).ShouldBe((10, desk.Now));
    }

    private static OrderTouched Touched(bool placeOnly) =>
        new("order:1:1", new ConnectionId(1), null, DateTimeOffset.UnixEpoch, "1", placeOnly);

    /// <summary>Channel 1 ships from two places; its default is the first.</summary>
    private static Desk WithTwoPlaces()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        var first = desk.Context.Channels[new ConnectionId(1)];
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.SetItem(
                first.Connection, first with { Locations = first.Locations.Add("x2", Shop) }),
            Locations = desk.Context.Locations.Add(Shop, new LocationSettings(Shop, true, 1)),
        };
        return desk;
    }
}
