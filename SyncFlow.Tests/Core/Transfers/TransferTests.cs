using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Stock;
using SyncFlow.Core.Transfers;
using SyncFlow.Tests.Core.Counts;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Transfers;

public sealed class TransferTests
{
    private static readonly Transfer Planned = new(
        CountDesk.Main, CountDesk.Side, TransferState.Planned, [new TransferLine(CountDesk.Sku, 4, 0, 0, 0)]);

    [Fact]
    public void A_transfer_goes_from_planned_to_closed_and_books_what_is_lost()
    {
        var left = TransferRules.Dispatch(Planned, null).After!;
        left.ShouldSatisfyAllConditions(t => t.State.ShouldBe(TransferState.Dispatched), t => t.Lines[0].OnTheWay.ShouldBe(4));
        var part = TransferRules.Receive(left, [new TransferUnits(CountDesk.Sku, 1)]).After!;
        var more = TransferRules.Receive(part, [new TransferUnits(CountDesk.Sku, 2)]);
        more.Bookings.Single().KeyPart.ShouldBe("in:1", "each part has a name of its own");
        var closed = TransferRules.Close(more.After!);
        closed.Bookings.Single().ShouldSatisfyAllConditions(b => b.Kind.ShouldBe(OperationKind.TransferLoss), b => b.Units.ShouldBe(1));
        closed.After!.Lines[0].ShouldSatisfyAllConditions(l => l.Lost.ShouldBe(1), l => l.OnTheWay.ShouldBe(0), l => l.Variance(TransferState.Closed).ShouldBe(-1));
    }

    [Fact]
    public void What_is_not_planned_may_leave_and_what_did_not_leave_may_arrive()
    {
        var other = new SkuId(9);
        var left = TransferRules.Dispatch(Planned, [new TransferUnits(other, 2)]).After!;
        left.Lines.Select(l => (l.Planned, l.Dispatched)).ShouldBe([(4, 0), (0, 2)]);
        var arrived = TransferRules.Receive(left, [new TransferUnits(CountDesk.Sku, 3)]);
        arrived.Bookings.Single().Legs.Sum(l => l.Delta).ShouldBe(0, "units that arrive have left somewhere");
        TransferRules.Close(arrived.After!).After!.Lines.Single(l => l.Sku == CountDesk.Sku).Variance(TransferState.Closed).ShouldBe(3);
    }

    [Fact]
    public void Steps_out_of_turn_are_refused()
    {
        var left = TransferRules.Dispatch(Planned, null).After!;
        var closed = TransferRules.Close(left).After!;
        var cancelled = TransferRules.Cancel(Planned).After!;
        TransferRules.Dispatch(left, null).Refusal.ShouldBe(TransferRefusal.NotPlanned);
        TransferRules.Cancel(left).Refusal.ShouldBe(TransferRefusal.NotPlanned);
        TransferRules.Receive(Planned, [new TransferUnits(CountDesk.Sku, 1)]).Refusal.ShouldBe(TransferRefusal.NotUnderWay);
        TransferRules.Receive(closed, [new TransferUnits(CountDesk.Sku, 1)]).Refusal.ShouldBe(TransferRefusal.NotUnderWay);
        TransferRules.Close(cancelled).Refusal.ShouldBe(TransferRefusal.NotUnderWay);
        TransferRules.Dispatch(Planned, [new TransferUnits(CountDesk.Sku, 0)]).Refusal.ShouldBe(TransferRefusal.NothingMoves);
        TransferRules.Receive(
            left with { Lines = [new TransferLine(CountDesk.Sku, 0, 1, int.MaxValue, 0)] }, [new TransferUnits(CountDesk.Sku, 1)]).Refusal.ShouldBe(TransferRefusal.TooMany);
    }

    [Fact]
    public void C14_Sellable_units_never_rise_above_the_start_in_any_transfer()
    {
        Seeds.Run(300, seed =>
        {
            var random = new Random(seed);
            var desk = new CountDesk();
            desk.Apply(CountFacts.Receive("r", 20, at: 0));
            var transfer = TransferRules.Dispatch(Planned, [new TransferUnits(CountDesk.Sku, random.Next(1, 10))]);
            for (var step = 0; ; step++)
            {
                desk.Apply([.. transfer.Bookings.Select(Fact (b) => new StockOperation(
                    $"{step}:{b.KeyPart}", null, CountFacts.At(step + 1), b.Sku, b.Legs))]);
                Sellable(desk).ShouldBeLessThanOrEqualTo(20);
                if (transfer.After!.State == TransferState.Closed)
                {
                    break;
                }

                transfer = random.Next(4) == 0
                    ? TransferRules.Close(transfer.After)
                    : TransferRules.Receive(transfer.After, [new TransferUnits(CountDesk.Sku, random.Next(1, 6), (StockCondition)random.Next(1, 4))]);
            }

            var line = transfer.After.Lines[0];
            (desk.At(CountDesk.Main).OnHand + desk.At(CountDesk.Side).OnHand).ShouldBe(20 - line.Lost);
            desk.At(CountDesk.Side).InTransit.ShouldBe(0);
        });
    }

    private static int Sellable(CountDesk desk) => new[] { CountDesk.Main, CountDesk.Side }
        .Sum(location => AvailableToSell.Of(desk.State.PoolAt(location), SkuPolicy.Default));
}
