using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Allocation;
using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Core.Brakes;

public sealed class ChangeEffectsTests
{
    [Fact]
    public void A_level_that_rises_only_after_others_fell_is_touched_too()
    {
        var desk = Shared60To40();
        var effects = Of(desk, SharingDesk.Percent(1, 20), SharingDesk.Percent(2, 80));
        effects.Levels.Select(e => (e.Level.Value, e.Before, e.After)).ShouldBe([(101, 60, 20), (102, 40, 80)]);
        effects.Writes.Select(w => (w.Level.Value, w.From, w.To, w.Step)).ShouldBe([(101, 60, 20, 1), (102, 40, 80, 2)]);
    }

    [Fact]
    public void A_level_with_a_push_on_its_way_is_touched_too()
    {
        var desk = Shared60To40();
        desk.Level(1, 1, l => l with { InFlight = new InFlight(Guid.Empty, 60, 60, desk.Now, desk.Now.AddMinutes(10), null) });
        Of(desk, SharingDesk.Percent(1, 20), SharingDesk.Percent(2, 80)).Levels.ShouldContain(e => e.Level.Value == 101 && e.After == 20);
    }

    [Fact]
    public void What_would_be_written_anyway_is_no_effect_of_a_change()
    {
        var desk = Shared60To40();
        desk.Receive(1, 50, "receipt");
        Of(desk, [.. desk[1].Policy.Allocation!.Channels]).Levels.ShouldBeEmpty();
    }

    [Fact]
    public void A_freeze_hides_no_effect_and_the_writes_that_follow_are_those_it_lets_pass()
    {
        var desk = Shared60To40();
        desk.Brake(2, BrakeStrength.Increases);
        var effects = Of(desk, SharingDesk.Percent(1, 20), SharingDesk.Percent(2, 80));
        effects.Levels.Select(e => e.After).ShouldBe([20, 80]);
        effects.Writes.ShouldNotContain(w => w.Level.Value == 102);
    }

    [Fact]
    public void A_hold_hides_no_effect_of_another_change_and_letting_go_is_compared_with_it()
    {
        var desk = Shared60To40();
        desk.Arrange(1, sku => sku with { Policy = sku.Policy with { RaisesHeld = true } });
        var effects = Of(desk, SharingDesk.Percent(1, 20), SharingDesk.Percent(2, 80));
        effects.Levels.Select(e => e.After).ShouldBe([20, 80]);
        effects.Writes.ShouldNotContain(w => w.Level.Value == 102);

        var facts = new StockFactsChange([new SkuId(1)]) { Told = [new FactDelta(new SkuId(1), SharingDesk.Main, SyncFlow.Core.Ledger.Bucket.OnHand, 100)] };
        var set = desk.Load();
        ChangeEffects.Of(set, set, facts.On, desk.Now, releases: true).Levels.Select(e => (e.Before, e.After)).ShouldBe([(60, 120), (40, 80)]);
    }

    [Theory]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Receipt, 5, null, false, false)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.WriteOff, 5, null, false, false)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.TransferReceipt, 5, null, false, false)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Adjustment, 5, null, true, true)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Adjustment, -5, null, true, false)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Move, 5, SyncFlow.Core.Operations.StockCondition.Available, true, true)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Move, 5, SyncFlow.Core.Operations.StockCondition.Damaged, true, false)]
    [InlineData(SyncFlow.Core.Operations.OperationKind.Count, 0, null, true, true)]
    public void What_happened_is_nobodys_word_and_only_words_upwards_may_raise(
        SyncFlow.Core.Operations.OperationKind kind, int units, SyncFlow.Core.Operations.StockCondition? to, bool word, bool raises) =>
        (StockFacts.IsWord(kind), StockFacts.MayRaise(kind, units, to)).ShouldBe((word, raises));

    [Fact]
    public void A_rule_does_as_shown_while_one_level_in_a_hundred_at_most_does_something_else()
    {
        var shown = Enumerable.Range(1, 200).Select(i => Effect(i, 10, 4)).ToList();
        List<LevelEffect> Now(int gone, int come, int emptied) =>
        [
            .. shown.Skip(gone).Select((e, i) => i < emptied ? e with { After = 0 } : e), .. Enumerable.Range(900, come).Select(i => Effect(i, 10, 4)),
        ];
        var rule = new BufferChange(null);
        ChangeBreaker.DoesAsShown(rule, shown, Now(0, 0, 0)).ShouldBeTrue();
        ChangeBreaker.DoesAsShown(rule, shown, Now(1, 0, 1)).ShouldBeTrue("two in two hundred");
        ChangeBreaker.DoesAsShown(rule, shown, Now(1, 1, 1)).ShouldBeFalse();
        ChangeBreaker.DoesAsShown(rule, shown, Now(0, 3, 0)).ShouldBeFalse();
        ChangeBreaker.DoesAsShown(new AdjustmentsChange([]), shown, Now(1, 0, 0)).ShouldBeFalse("what was named SKU by SKU must, without exception");
        ChangeBreaker.DoesAsShown(rule, shown, [.. shown.Select(e => e with { After = 5 })]).ShouldBeTrue("other units, the same way");
    }

    [Fact]
    public void Levels_that_end_elsewhere_than_shown_are_named_also_those_that_stay()
    {
        var shown = new[] { Effect(1, 10, 4), Effect(2, 10, 4), Effect(3, 10, 4) }.ToDictionary(e => e.Level);
        ChangeBreaker.Moved(shown, [Effect(1, 10, 4), Effect(2, 9, 3), Effect(4, 8, 2)]).Select(e => (e.Level.Value, e.After))
            .ShouldBe([(2, 3), (4, 2), (3, 10)]);
    }

    private static LevelEffect Effect(long level, int before, int after) => new(new SkuId(level), new LevelId(level), new ConnectionId(1), before, after);

    /// <summary>A hundred units in guard, proven on two channels, sixty to forty.</summary>
    private static SharingDesk Shared60To40()
    {
        var desk = new SharingDesk(2).Sku(1, 100);
        desk.Rules(1, SharingDesk.Percent(1, 60), SharingDesk.Percent(2, 40));
        desk.Touch(1);
        desk.Settle();
        return desk;
    }

    private static ChangeEffects Of(SharingDesk desk, params ChannelRule[] rules)
    {
        var set = desk.Load();
        return ChangeEffects.Of(set, set, With, desk.Now);
        SkuState With(SkuState sku) => sku with
        {
            Policy = sku.Policy with { Allocation = sku.Policy.Allocation! with { Version = 9, Channels = [.. rules] } },
        };
    }
}
