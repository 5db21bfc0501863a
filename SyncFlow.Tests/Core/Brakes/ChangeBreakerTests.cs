using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Brakes;

public sealed class ChangeBreakerTests
{
    [Theory]
    [InlineData(1_000, 200, 0, false)] // 20 % exactly
    [InlineData(1_000, 201, 0, true)]
    [InlineData(1_000, 50, 50, false)] // 5 % exactly
    [InlineData(1_000, 51, 51, true)]
    [InlineData(3, 3, 3, false)] // a small catalog
    [InlineData(12, 9, 4, false)]
    [InlineData(12, 10, 0, true)]
    [InlineData(12, 5, 5, true)]
    public void A_change_waits_above_a_fifth_touched_or_a_twentieth_emptied_unless_it_is_small(int levels, int touched, int zeroed, bool waits)
    {
        (ChangeBreaker.Judge(new ConnectionImpact(new ConnectionId(1), levels, touched, zeroed)) is not null).ShouldBe(waits);
    }

    [Fact]
    public void A_level_that_two_bites_touch_counts_once_by_what_the_last_one_does()
    {
        var (sku, connection) = (new SkuId(1), new ConnectionId(7));
        var impact = ConnectionImpact.Of(
            [new(sku, new LevelId(1), connection, 10, 0), new(sku, new LevelId(2), connection, 10, 4), new(sku, new LevelId(1), connection, 0, 6)],
            new Dictionary<ConnectionId, int> { [connection] = 40 });
        impact.ShouldBe([new ConnectionImpact(connection, 40, 2, 0)]);
    }

    [Fact]
    public void The_effects_of_a_correction_are_what_the_rules_would_do_and_nothing_is_done()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        var effects = Effects(desk, new AdjustmentsChange([new AdjustmentItem(Desk.Sku, Desk.Main, -10)]));
        effects.Select(e => (e.Connection.Value, e.Before, e.After, e.Zeroes)).ShouldBe([(1, 10, 0, true), (2, 10, 0, true)]);
        desk.Position.OnHand.ShouldBe(10);

        Effects(desk, new SkuPoliciesChange([new SkuPolicyItem(Desk.Sku, null, 4, null)])).Select(e => e.After).ShouldBe([6, 6]);
        Effects(desk, new SkuPoliciesChange([new SkuPolicyItem(Desk.Sku, null, null, 5)])).ShouldBeEmpty("nothing that is shown changes");
    }

    [Fact]
    public void A_change_does_not_hide_behind_a_freeze()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        var id = new ConnectionId(1);
        desk.Context = desk.Context with { Channels = desk.Context.Channels.SetItem(id, desk.Context.Channels[id] with { Brake = BrakeStrength.AllWrites }) };
        Effects(desk, new AdjustmentsChange([new AdjustmentItem(Desk.Sku, Desk.Main, 5)])).Single().After.ShouldBe(15);
    }

    [Fact]
    public void Units_that_were_added_are_taken_back_only_while_they_are_free()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        UndoRules.Of([Back(-10)], _ => desk.State).ShouldBeEmpty();
        desk.Order(1, Desk.Snapshot("1", 4, desk.Now));
        UndoRules.Of([Back(-6)], _ => desk.State).ShouldBeEmpty();
        var block = UndoRules.Of([Back(-10)], _ => desk.State).ShouldHaveSingleItem();
        block.Short.ShouldBe(4);
        UndoRules.Of([Back(10)], _ => desk.State).ShouldBeEmpty("giving units back is always safe");
    }

    [Fact]
    public void Settings_are_put_back_only_where_they_are_what_the_change_made_them()
    {
        var set = new SkuPolicyItem(Desk.Sku, null, 5, null);
        UndoRules.Of([(set, new SkuPolicyItem(Desk.Sku, SharingMode.Guard, 5, 7))]).ShouldBeEmpty("mode and risk budget were not part of it");
        UndoRules.Of([(set, new SkuPolicyItem(Desk.Sku, SharingMode.Guard, 6, 7))]).ShouldHaveSingleItem().Sku.ShouldBe(Desk.Sku);
    }

    private static AdjustmentItem Back(int delta) => new(Desk.Sku, Desk.Main, delta);

    private static IReadOnlyList<LevelEffect> Effects(Desk desk, SkuChange change)
    {
        var set = new WorkingSet(desk.Context);
        set.Load(desk.State);
        return ChangeEffects.Of(set, set, change.On, desk.Now).Levels;
    }
}
