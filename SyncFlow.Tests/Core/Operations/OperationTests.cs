using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Counts;
using Xunit;
using static SyncFlow.Tests.Core.Counts.CountFacts;

namespace SyncFlow.Tests.Core.Operations;

public sealed class OperationTests
{
    [Theory]
    [InlineData(OperationKind.Receipt, 4, StockCondition.Available, StockCondition.Available, 14, 0)]
    [InlineData(OperationKind.Receipt, 4, StockCondition.Available, StockCondition.Inspection, 14, 4)]
    [InlineData(OperationKind.Return, 4, StockCondition.Available, StockCondition.Damaged, 14, 4)]
    [InlineData(OperationKind.Adjustment, -4, StockCondition.Available, StockCondition.Available, 6, 0)]
    [InlineData(OperationKind.WriteOff, 4, StockCondition.Available, StockCondition.Available, 6, 0)]
    [InlineData(OperationKind.WriteOff, 14, StockCondition.Available, StockCondition.Available, -4, 0)]
    [InlineData(OperationKind.Move, 4, StockCondition.Available, StockCondition.Damaged, 10, 4)]
    public void Each_kind_moves_its_buckets(
        OperationKind kind, int units, StockCondition from, StockCondition to, int onHand, int unavailable)
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", 10, at: 1));
        desk.Apply(Operation(kind, "k", units, 2, from, to)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Operation(kind, "k", units, 2, from, to)).ShouldBe(FactOutcome.Unchanged);
        desk.At(CountDesk.Main).ShouldBe(default(Buckets) with { OnHand = onHand, Unavailable = unavailable });
    }

    [Fact]
    public void Units_go_to_inspection_and_from_there_back_to_stock_or_to_the_bin_but_never_more_than_wait_there()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", 10, at: 1), Move("i", 5, StockCondition.Available, StockCondition.Inspection));
        AvailableToSell.Of(desk.State.PoolAt(CountDesk.Main), desk.State.Policy).ShouldBe(5);

        desk.Apply(Move("b", 2, StockCondition.Inspection, StockCondition.Available)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Move("d", 2, StockCondition.Inspection, StockCondition.Damaged)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Move("x", 2, StockCondition.Inspection, StockCondition.Available)).ShouldBe(FactOutcome.Refused);
        desk.Apply(Operation(OperationKind.WriteOff, "w", 2, 3, from: StockCondition.Damaged)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Operation(OperationKind.WriteOff, "w2", 1, 3, from: StockCondition.Damaged)).ShouldBe(FactOutcome.Refused);

        desk.At(CountDesk.Main).ShouldBe(default(Buckets) with { OnHand = 8, Unavailable = 1 });
        AvailableToSell.Of(desk.State.PoolAt(CountDesk.Main), desk.State.Policy).ShouldBe(7);
    }

    [Fact]
    public void Two_releases_in_one_batch_cannot_take_the_same_units()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", 10, at: 1), Move("i", 3, StockCondition.Available, StockCondition.Inspection));
        desk.Apply(
            Move("a", 2, StockCondition.Inspection, StockCondition.Available),
            Move("b", 2, StockCondition.Inspection, StockCondition.Available)).ShouldBe(FactOutcome.Refused);
        desk.At(CountDesk.Main).Unavailable.ShouldBe(1);
    }

    [Fact]
    public void A_sum_that_cannot_be_kept_is_refused_whole()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", int.MaxValue, at: 1));
        desk.Apply(Operation(OperationKind.Receipt, "o", 1, 2, to: StockCondition.Damaged)).ShouldBe(FactOutcome.Refused);
        desk.At(CountDesk.Main).ShouldBe(default(Buckets) with { OnHand = int.MaxValue });
    }

    [Fact]
    public void C14_Four_leave_three_arrive_one_is_lost_and_nothing_more_can_be_sold_on_the_way()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", 10, at: 1));
        var sellable = new List<int> { Sellable(desk) };
        desk.Apply(Transfer("out", OperationLegs.Dispatch(CountDesk.Main, CountDesk.Side, 4), at: 2));
        sellable.Add(Sellable(desk));
        (desk.At(CountDesk.Main).OnHand, desk.At(CountDesk.Side)).ShouldBe((6, default(Buckets) with { InTransit = 4 }));

        desk.Apply(Transfer("in", OperationLegs.Arrive(CountDesk.Main, CountDesk.Side, 4, 3, StockCondition.Available), at: 3));
        sellable.Add(Sellable(desk));
        desk.Apply(Transfer("lost", OperationLegs.Lose(CountDesk.Side, 1), at: 4));
        sellable.Add(Sellable(desk));

        (desk.At(CountDesk.Main).OnHand, desk.At(CountDesk.Side)).ShouldBe((6, default(Buckets) with { OnHand = 3 }));
        desk.Ledger[^1].ShouldSatisfyAllConditions(e => e.Reason.ShouldBe(EntryReason.TransferVariance), e => e.Delta.ShouldBe(-1));
        sellable.ShouldBe([10, 6, 9, 9]);
    }

    [Fact]
    public void C14_More_arrive_than_left_and_the_origin_gives_the_rest()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r", 10, at: 1));
        desk.Apply(Transfer("out", OperationLegs.Dispatch(CountDesk.Main, CountDesk.Side, 4), at: 2));
        desk.Apply(Transfer("in", OperationLegs.Arrive(CountDesk.Main, CountDesk.Side, 4, 5, StockCondition.Available), at: 3));
        (desk.At(CountDesk.Main).OnHand, desk.At(CountDesk.Side)).ShouldBe((5, default(Buckets) with { OnHand = 5 }));
        Sellable(desk).ShouldBe(10);
    }

    private static StockOperation Move(string key, int units, StockCondition from, StockCondition to) =>
        Operation(OperationKind.Move, key, units, at: 2, from, to);

    private static StockOperation Transfer(string key, System.Collections.Immutable.ImmutableArray<OperationLeg> legs, int at) =>
        new(key, null, At(at), CountDesk.Sku, legs);

    private static int Sellable(CountDesk desk) =>
        AvailableToSell.Of(desk.State.PoolAt(CountDesk.Main), desk.State.Policy) + AvailableToSell.Of(desk.State.PoolAt(CountDesk.Side), desk.State.Policy);
}
