using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

/// <summary>Positions and movements of sources, in their own order.</summary>
public sealed class PositionTests
{
    [Fact]
    public void An_older_position_changes_nothing_and_a_movement_it_contains_is_not_booked_again()
    {
        var desk = new SourceDesk(0, SourceDesk.Erp);
        desk.Position(SourceDesk.Erp, 500, 100).ShouldBe(FactOutcome.Applied);
        desk.Move(SourceDesk.Erp, 499, -5).ShouldBe(FactOutcome.Applied);
        desk.Now.OnHand.ShouldBe(100, "the position of 500 contains number 499");
        desk.Move(SourceDesk.Erp, 501, -5);
        desk.Now.OnHand.ShouldBe(95);
        desk.Position(SourceDesk.Erp, 499, 103).ShouldBe(FactOutcome.Older);
        desk.Position(SourceDesk.Erp, 500, 100).ShouldBe(FactOutcome.Unchanged, "what moved after it is known");
        desk.Now.OnHand.ShouldBe(95);
        desk.Position(SourceDesk.Erp, 501, 96).ShouldBe(FactOutcome.Applied);
        desk.Now.OnHand.ShouldBe(96, "the source says so, and it keeps the books");
    }

    [Fact]
    public void A_position_that_comes_after_movements_it_does_not_contain_is_set_right_by_them()
    {
        var desk = new SourceDesk(0, SourceDesk.Erp);
        desk.Move(SourceDesk.Erp, 101, -2);
        desk.Move(SourceDesk.Erp, 99, 7);
        desk.Move(SourceDesk.Erp, 103, 1);
        desk.Position(SourceDesk.Erp, 100, 60).ShouldBe(FactOutcome.Applied);
        desk.Now.OnHand.ShouldBe(59, "number 99 is contained in it, 101 and 103 are not");
        desk.Position(SourceDesk.Erp, 102, 58).ShouldBe(FactOutcome.Unchanged);
        desk.Now.OnHand.ShouldBe(59);
        desk.Move(SourceDesk.Erp, 102, -1);
        desk.Now.OnHand.ShouldBe(59, "contained in the position of its number");
    }

    [Fact]
    public void A_position_older_than_more_movements_than_are_kept_changes_nothing()
    {
        var desk = new SourceDesk(0, SourceDesk.Erp);
        for (var n = 1; n <= 40; n++)
        {
            desk.Move(SourceDesk.Erp, 100 + n, 1);
        }

        desk.Position(SourceDesk.Erp, 105, 60).ShouldBe(FactOutcome.Older);
        desk.Now.OnHand.ShouldBe(40);
        desk.Position(SourceDesk.Erp, 120, 60).ShouldBe(FactOutcome.Applied);
        desk.Now.OnHand.ShouldBe(80);
    }

    [Fact]
    public void Several_sources_of_one_location_are_one_available_to_sell()
    {
        var desk = new SourceDesk(10, SourceDesk.Erp, SourceDesk.Wms);
        desk.Position(SourceDesk.Erp, 1, 40);
        desk.Now.OnHand.ShouldBe(40, "the first word of those who keep the books replaces what was there");
        desk.Position(SourceDesk.Wms, 7, 25);
        desk.Now.OnHand.ShouldBe(65);
        desk.Position(SourceDesk.Erp, 2, 30);
        (desk.Now.OnHand, desk.Ats).ShouldBe((55, 55));
        desk.Move(SourceDesk.Wms, 8, -5);
        desk.Position(SourceDesk.Wms, 9, 20).ShouldBe(FactOutcome.Unchanged);
        desk.Now.OnHand.ShouldBe(50);
    }

    /// <summary>The ERP tells positions, the WMS only what moved; both keep the books there.</summary>
    [Fact]
    public void A_source_of_positions_and_one_of_movements_at_one_location_end_the_same_in_every_order()
    {
        Action<SourceDesk>[] told =
        [
            desk => desk.Position(SourceDesk.Erp, 10, 40), desk => desk.Position(SourceDesk.Erp, 30, 30), desk => desk.Move(SourceDesk.Erp, 31, -1),
            desk => desk.Move(SourceDesk.Wms, 1, 5), desk => desk.Move(SourceDesk.Wms, 2, -2),
        ];
        foreach (var order in Orders(told.Length))
        {
            var desk = new SourceDesk(10, SourceDesk.Erp, SourceDesk.Wms);
            Array.ForEach(order, i => told[i](desk));
            (desk.Now.OnHand, desk.Ats).ShouldBe((32, 32), $"29 of the ERP and 3 of the WMS, told in the order {string.Join(' ', order)}");
        }
    }

    [Fact]
    public void A_first_position_replaces_what_its_source_only_moved_before()
    {
        var desk = new SourceDesk(10, SourceDesk.Erp, SourceDesk.Wms);
        desk.Move(SourceDesk.Wms, 1, 5);
        desk.Position(SourceDesk.Erp, 10, 40);
        desk.Now.OnHand.ShouldBe(45);
        desk.Position(SourceDesk.Wms, 2, 25);
        desk.Now.OnHand.ShouldBe(65);
    }

    [Fact]
    public void A_position_told_again_does_not_undo_what_the_ledger_booked_since_and_another_one_does()
    {
        var desk = new SourceDesk(0, SourceDesk.Erp);
        desk.Position(SourceDesk.Erp, 5, 20);
        var again = new SourcePosition("source:1", SourceDesk.Erp, null, desk.Desk.Now, Desk.Sku, Desk.Main, "P11", 5, 20, null, []);
        desk.Desk.Apply(new StockMovement("found", null, null, desk.Desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, 4, EntryReason.Adjustment));
        desk.Desk.Apply(again).ShouldBe(FactOutcome.Unchanged);
        desk.Now.OnHand.ShouldBe(24);
        desk.Position(SourceDesk.Erp, 5, 20).ShouldBe(FactOutcome.Applied, "a report of its own, of a source that counts and nothing happened");
        desk.Now.OnHand.ShouldBe(20);
    }

    [Fact]
    public void Units_a_source_sets_aside_are_not_sold()
    {
        var desk = new SourceDesk(0, SourceDesk.Wms);
        desk.Unavailable(SourceDesk.Wms, 1, 10, 4);
        (desk.Now.OnHand, desk.Now.Unavailable, desk.Ats).ShouldBe((10, 4, 6));
        desk.Unavailable(SourceDesk.Wms, 2, 10, 1);
        desk.Ats.ShouldBe(9);
        desk.Position(SourceDesk.Wms, 3, 12);
        (desk.Now.Unavailable, desk.Ats).ShouldBe((1, 11), "a report that does not tell of them leaves them");
    }

    [Fact]
    public void Only_who_keeps_the_books_is_booked()
    {
        var desk = new SourceDesk(10, SourceDesk.Erp);
        desk.Position(SourceDesk.Wms, 1, 99).ShouldBe(FactOutcome.Ignored);
        desk.Move(SourceDesk.Wms, 2, -4).ShouldBe(FactOutcome.Ignored);
        desk.Now.OnHand.ShouldBe(10);
        desk.Desk.Incidents.Select(i => i.Kind).Distinct().ShouldBe(["not-the-authority"]);

        desk.Desk.Arrange(s => s with { AuthorityRules = [new AuthorityRule(null, null, Desk.Main, SourceDesk.Wms)] });
        desk.Position(SourceDesk.Wms, 3, 12).ShouldBe(FactOutcome.Applied, "a rule is narrower than a setting");
        desk.Now.OnHand.ShouldBe(12);
        desk.Position(SourceDesk.Erp, 1, 99).ShouldBe(FactOutcome.Ignored);
    }

    [Fact]
    public void A_repeated_movement_changes_nothing()
    {
        var desk = new SourceDesk(10);
        desk.Move(SourceDesk.Erp, 1, 5, key: "m").ShouldBe(FactOutcome.Applied);
        desk.Move(SourceDesk.Erp, 1, 5, key: "m").ShouldBe(FactOutcome.Unchanged);
        desk.Now.OnHand.ShouldBe(15);
    }

    /// <summary>All orders of so many.</summary>
    private static IEnumerable<int[]> Orders(int count) => count == 0
        ? [[]]
        : Orders(count - 1).SelectMany(order => Enumerable.Range(0, count).Select(at => (int[])[.. order[..at], count - 1, .. order[at..]]));

    [Fact]
    public void C26_While_a_source_is_frozen_nothing_it_feeds_is_raised_and_decreases_flow()
    {
        var desk = new SourceDesk(10, SourceDesk.Erp);
        desk.Position(SourceDesk.Erp, 10_500, 10);
        var place = desk.Desk.Context.Locations[Desk.Main];
        desk.Desk.Context = desk.Desk.Context with { Locations = desk.Desk.Context.Locations.SetItem(Desk.Main, place with { SourceFrozen = true }) };
        desk.Desk.Apply(new StockMovement("goods", null, null, desk.Desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, 5, EntryReason.Receipt));
        (desk.Ats, desk.Desk[1].Target).ShouldBe((15, 10));
        desk.Order("1", 8);
        desk.Desk[1].Target.ShouldBe(2, "what is sold is gone, and what came stays in reserve");
    }
}
