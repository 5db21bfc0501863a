using Shouldly;
using SyncFlow.Core.Publishing;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Simulator;
using Xunit;
using static SyncFlow.Tests.Channels.ShopStand;

namespace SyncFlow.Tests.Channels;

/// <summary>Moves between available and safety stock, and adjustments of safety stock, over real HTTP.</summary>
public sealed class ParkTests
{
    [Fact]
    public async Task A_move_there_and_back_changes_both_states_and_never_on_hand()
    {
        await using var stand = await StartAsync();
        var shown = stand.Shown(0);

        (await stand.SendAsync(Move(Parking(stand, 0, shown - 3, 0, 3), Parking(stand, 1, 0, 0, stand.Shown(1))))).Value
            .ShouldAllBe(a => a.Outcome == ElementOutcome.Acknowledged && a.DoneBy != null);
        States(stand, 0).ShouldBe((shown - 3, 3, shown));

        (await stand.SendAsync(Move(Parking(stand, 0, shown - 1, 3, 1)))).Value[0].Outcome.ShouldBe(ElementOutcome.Acknowledged);
        States(stand, 0).ShouldBe((shown - 1, 1, shown));
        var read = (await stand.Client.ReadLevelsAsync([stand.Ref(0)], CancellationToken.None)).Value[0].Values.ShouldNotBeNull();
        (read.Available, read.SafetyStock, read.OnHand).ShouldBe((shown - 1, 1, shown));
    }

    [Fact]
    public async Task An_adjustment_changes_safety_stock_and_on_hand_and_never_available()
    {
        await using var stand = await StartAsync();
        var shown = stand.Shown(0);

        (await stand.SendAsync(Adjust(Parking(stand, 0, shown, 0, 4)))).Value[0].Outcome.ShouldBe(ElementOutcome.Acknowledged);
        States(stand, 0).ShouldBe((shown, 4, shown + 4));
        (await stand.SendAsync(Adjust(Parking(stand, 0, shown, 4, 1)))).Value[0].Outcome.ShouldBe(ElementOutcome.Acknowledged);
        States(stand, 0).ShouldBe((shown, 1, shown + 1));
    }

    [Fact]
    public async Task A_call_of_many_levels_has_one_ledger_document_for_all()
    {
        await using var stand = await StartAsync();
        var shown = Enumerable.Range(0, 4).Select(stand.Shown).ToList();

        (await stand.SendAsync(Move([.. shown.Select((s, i) => Parking(stand, i, s - 1, 0, 1))]))).Value
            .ShouldAllBe(a => a.Outcome == ElementOutcome.Acknowledged);
        (await stand.SendAsync(Adjust([.. shown.Select((s, i) => Parking(stand, i, s - 1, 1, 3))]))).Value
            .ShouldAllBe(a => a.Outcome == ElementOutcome.Acknowledged);
        Enumerable.Range(0, 4).Select(i => States(stand, i)).ShouldBe(shown.Select(s => (s - 1, 3, s + 2)));
    }

    [Fact]
    public async Task A_compare_that_does_not_hold_at_either_end_is_stale_and_its_neighbours_were_not_sent()
    {
        await using var stand = await StartAsync();
        var (first, second, third) = (stand.Shown(0), stand.Shown(1), stand.Shown(2));
        var push = Move(
            Parking(stand, 0, first - 1, 0, 1),
            Parking(stand, 1, second - 1, 0, 1) with { From = second + 5, To = second + 4 },
            Parking(stand, 2, third - 1, 2, 3));

        var answers = (await stand.SendAsync(push)).Value;

        answers.Select(a => (a.Outcome, a.Code)).ShouldBe(
        [
            (ElementOutcome.NotSent, null), (ElementOutcome.Stale, "CHANGE_FROM_QUANTITY_STALE"), (ElementOutcome.Stale, "CHANGE_FROM_QUANTITY_STALE"),
        ]);
        (States(stand, 0), States(stand, 2)).ShouldBe(((first, 0, first), (third, 0, third)));
        (await stand.SendAsync(Adjust(Parking(stand, 2, third, 2, 0)))).Value[0].Outcome.ShouldBe(ElementOutcome.Stale);
    }

    [Fact]
    public async Task A_repeated_request_is_carried_out_once()
    {
        await using var stand = await StartAsync();
        var shown = stand.Shown(0);
        var push = Adjust(Parking(stand, 0, shown, 0, 2));

        await stand.SendAsync(push);
        (await stand.SendAsync(push)).Value[0].Outcome.ShouldBe(ElementOutcome.Acknowledged);

        States(stand, 0).ShouldBe((shown, 2, shown + 2));
    }

    private static PushElement Parking(ShopStand stand, int item, int to, int parkedFrom, int parkedTo) =>
        stand.Element(item, to) with { ParkedFrom = parkedFrom, ParkedTo = parkedTo };

    private static Push Move(params PushElement[] elements) => PushOf(elements) with { Kind = PushKind.Move };

    private static Push Adjust(params PushElement[] elements) => PushOf(elements) with { Kind = PushKind.Adjust };

    private static (int Available, int Parked, int OnHand) States(ShopStand stand, int item)
    {
        var level = Sandbox.Item(stand.Shop, item).Level;
        return (level[StockState.Available], level[StockState.SafetyStock], level[StockState.OnHand]);
    }
}
