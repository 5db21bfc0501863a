using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Writes that are refused because their place is closed, before anybody told that it was.</summary>
public sealed class RefusedPlaceTests
{
    [Fact]
    public void A_write_that_is_refused_before_the_closing_is_known_takes_the_level_out_until_the_place_opens()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        RefuseAsGone(desk);
        desk[2].Status.ShouldBe(LevelStatus.Leaving);
        desk.Work.ShouldContain(w => w.Kind == WorkKind.RefreshLocations, "the item or the place: that must be asked");

        PlaceCases.Close(desk);
        desk[2].Status.ShouldBe(LevelStatus.Closing);
        desk.Read(2, ReadingKind.Drained, 7);
        desk[2].Status.ShouldBe(LevelStatus.Closed);

        PlaceCases.Open(desk);
        (desk[2].Status, desk[2].UpperBound).ShouldBe((LevelStatus.Live, 7), "the channel sells what it showed");
        desk.Plan(1, desk[2].Id)!.Elements[0].To.ShouldBe(2);
    }

    [Fact]
    public void A_level_that_was_refused_as_gone_and_is_read_all_the_same_is_back()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        RefuseAsGone(desk);
        desk.Now += TimeSpan.FromSeconds(5);

        // Closed and open again before anybody heard of either.
        desk.Read(2, ReadingKind.Drained, 7);

        (desk[2].Status, desk[2].UpperBound).ShouldBe((LevelStatus.Live, 7));
        desk.Cured.ShouldContain(LevelLife.GoneKey(desk[2].Id));
        desk.Plan(1, desk[2].Id)!.Elements[0].To.ShouldBe(2);
    }

    [Fact]
    public void A_lost_write_that_landed_keeps_a_closing_level_until_its_place_was_asked_for_once_more()
    {
        // Closed and open again, and only the first was told; in between a write of ours was on its way.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(2, l => l with { Belief = 0, Target = 7 });
        desk.Settle(desk.Plan(1, desk[2].Id)!, ElementOutcome.Unknown);
        PlaceCases.Close(desk);
        desk.Now += PublishLimits.LateArrival + TimeSpan.FromSeconds(5);

        desk.Read(2, ReadingKind.Drained, 7);

        (desk[2].Status, desk[2].Belief, desk[2].UpperBound).ShouldBe((LevelStatus.Closing, 7, 7), "a closed place takes no writes");
        desk.Work.ShouldContain(w => w.Kind == WorkKind.RefreshLocations);

        // It landed before the place was closed, as it turns out: nobody says that it is open.
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(2, ReadingKind.Drained, 7);
        (desk[2].Status, desk[2].UpperBound).ShouldBe((LevelStatus.Closed, 0));
    }

    /// <summary>Five units at the second place are lost; the write that says so is refused.</summary>
    private static void RefuseAsGone(Desk desk)
    {
        desk.Apply(new StockMovement(
            "lost", null, null, desk.Now, Desk.Sku, PlaceCases.Second, Bucket.OnHand, -5, EntryReason.WriteOff));
        desk.Settle(desk.Plan(1, desk[2].Id)!, ElementOutcome.Gone);
    }
}
