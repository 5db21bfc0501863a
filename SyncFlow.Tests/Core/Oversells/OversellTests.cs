using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Oversells;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Oversells;

public sealed class OversellTests
{
    [Fact]
    public void C10_Two_channels_sell_the_last_unit_and_the_incident_is_there_with_the_second_order()
    {
        var desk = new Desk(2, 1, SharingMode.Shared, 1, 1);
        desk.Exposure.Units.ShouldBe(1, "the risk was shown before anybody bought");
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        desk.Incidents.ShouldBeEmpty();
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now));
        desk.Ats.ShouldBe(-1);
        (desk[1].Belief, desk[2].Belief).ShouldBe((0, 0));
        desk.Incidents.Single().ShouldSatisfyAllConditions(
            i => i.Kind.ShouldBe("oversell"), i => i.Key.ShouldBe("oversell:1"), i => i.Message.ShouldContain("1 units"));
        desk.Oversells.Single().ShouldSatisfyAllConditions(
            o => (o.Units, o.Rise, o.Cause).ShouldBe((1, 1, OversellCause.SharedModeRace)),
            o => o.Facts.Single().FactKey.ShouldBe("order:2:1"));
    }

    [Fact]
    public void C20_An_order_beyond_what_there_is_is_short_until_a_receipt_covers_it()
    {
        var desk = new Desk(1, 2, SharingMode.Guard, 2);
        desk.Order(1, Desk.Snapshot("1", 5, desk.Now, source: "some-app"));
        desk.Ats.ShouldBe(-3);
        desk.Oversells.Single().ShouldSatisfyAllConditions(o => o.Units.ShouldBe(3), o => o.Cause.ShouldBe(OversellCause.UnclaimedOrder));
        desk.Receive("r1", 1);
        (desk.Oversells[^1].Units, desk.Oversells[^1].Rise).ShouldBe((2, 0), "it is kept up to date");
        desk.Receive("r2", 9);
        desk.Oversells[^1].Units.ShouldBe(0, "it is over");
        desk.Ats.ShouldBe(7);
        desk.Incidents.Count.ShouldBe(1);
    }

    [Fact]
    public void C05_What_a_channel_sold_after_a_decrease_that_never_happened_is_booked_to_that()
    {
        var desk = new Desk(1, 30, SharingMode.Guard, 50);
        desk.Publish(1)!.To.ShouldBe(30);
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, 50);
        desk.Exposure.Units.ShouldBe(20, "shown before any order");
        desk.Order(1, Desk.Snapshot("1", 45, desk.Now));
        (desk.Oversells.Single().Units, desk.Oversells.Single().Cause).ShouldBe((15, OversellCause.UnpersistedWrite));
    }

    [Fact]
    public void Every_other_cause_is_told_apart()
    {
        CauseOf(desk => desk.Apply(new StockMovement(
            "a", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -9, EntryReason.Adjustment))).ShouldBe(OversellCause.SourceCorrection);
        CauseOf(desk => desk.Apply(new StockMovement(
            "w", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -9, EntryReason.WriteOff))).ShouldBe(OversellCause.StockLoss);
        CauseOf(desk => desk.Order(1, Desk.Snapshot("1", 9, desk.Now, source: "pos") with { SoldAt = "x1" })).ShouldBe(OversellCause.OfflineTill);
        CauseOf(desk => desk.Order(1, Desk.Snapshot("1", 9, desk.Now) with { CreatedAt = desk.Now.AddMinutes(-10) }))
            .ShouldBe(OversellCause.InvisibleOrder);
        CauseOf(desk => desk.Order(1, Desk.Snapshot("1", 9, desk.Now))).ShouldBe(OversellCause.Unknown);
    }

    [Fact]
    public void Units_in_suspense_are_not_an_oversell()
    {
        var desk = new Desk(1, 5, SharingMode.Guard, 5);
        desk.Order(1, Desk.Snapshot("1", 5, desk.Now));
        desk.Read(1, ReadingKind.Plain, -3);
        desk.Ats.ShouldBeLessThan(0);
        desk.Oversells.ShouldBeEmpty("an order that is not seen yet will be counted itself");
    }

    /// <summary>The cause of a shortage on a guarded channel that shows three of three.</summary>
    private static OversellCause CauseOf(Action<Desk> fact)
    {
        var desk = new Desk(1, 3, SharingMode.Guard, 3);
        fact(desk);
        return desk.Oversells.Single().Cause;
    }
}
