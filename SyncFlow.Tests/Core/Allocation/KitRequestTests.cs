using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>Reservations of kits and of their parts. SKU 3 is K = 2·A + B; A is 1, B is 2.</summary>
public sealed class KitRequestTests
{
    private const int A = 1, B = 2, K = 3;

    [Fact]
    public void C22_A_cart_of_a_kit_and_one_of_its_parts_is_reserved_as_parts()
    {
        var desk = Kit(channels: 0);
        desk.Ask(mayWait: false, (K, 2), (A, 1)).Answer.ShouldBe(RequestAnswer.Granted);

        (desk.Ats(A), desk.Ats(B), desk.Ats(K)).ShouldBe((0, 7, 0));
        desk.Ledger.Select(e => (e.Sku.Value, e.Delta)).ShouldBe([(A, 4), (B, 2), (A, 1)], ignoreOrder: true);
        desk[A].Requests.Select(r => (r.Number, r.Wish, r.Units, r.Kit)).ShouldBe(
            [(1, 1, 4, new KitWish(new SkuId(K), 2)), (3, 2, 1, (KitWish?)null)]);
        desk[K].Requests.ShouldBeEmpty("a kit holds nothing of its own");
    }

    [Fact]
    public void C22_A_cart_that_needs_one_part_too_many_is_refused_whole()
    {
        var desk = Kit(channels: 0);
        var outcome = desk.Ask(mayWait: true, (K, 2), (A, 2));

        outcome.Answer.ShouldBe(RequestAnswer.Refused);
        outcome.Offers.Select(o => (o.Sku.Value, o.Number, o.Units, o.Obtainable)).ShouldBe([(K, 1, 2, 2), (A, 2, 2, 1)]);
        (desk.Ats(A), desk.Ats(B)).ShouldBe((5, 9));
        desk.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public void C22_Two_kits_that_share_a_part_never_get_it_twice()
    {
        var desk = Kit(channels: 0).Sku(4, 0, SharingMode.Guard, (A, 1), (B, 3));
        desk.Ask(mayWait: false, (K, 1), (4, 2)).Answer.ShouldBe(RequestAnswer.Granted);
        (desk.Ats(A), desk.Ats(B)).ShouldBe((1, 2));
        desk.Ask(mayWait: true, (4, 1)).Offers.ShouldHaveSingleItem().Obtainable.ShouldBe(0);
        desk.Ask(mayWait: true, (K, 1)).Answer.ShouldBe(RequestAnswer.Refused);
        desk.Ask(mayWait: true, (A, 1)).Answer.ShouldBe(RequestAnswer.Granted);
    }

    [Fact]
    public void A_kit_that_channels_show_is_waited_for_part_by_part_and_nothing_is_shown_twice()
    {
        var desk = Kit(channels: 2);
        desk.Settle();
        desk.Ask(mayWait: true, (K, 2)).Answer.ShouldBe(RequestAnswer.Waiting);
        desk.Exposure(A).Units.ShouldBe(0);

        desk.Settle();
        desk[A].Requests.Concat(desk[B].Requests).ShouldAllBe(r => r.State == RequestLineState.Held);
        (desk.Ats(A), desk.Ats(B)).ShouldBe((1, 7));
        desk.Exposure(A).ShouldSatisfyAllConditions(e => e.Units.ShouldBe(0), e => e.UpperBound.ShouldBeLessThanOrEqualTo(1));
    }

    [Fact]
    public void All_parts_of_a_kit_come_from_places_that_ship_for_each_other()
    {
        var desk = Kit(channels: 0);
        var far = new LocationId(2);
        desk.Place(far, group: 2);
        foreach (var (sku, units) in new[] { (A, 2), (B, 30) })
        {
            desk.Arrange(sku, s => s.With(new Pool(far, default(Buckets) with { OnHand = units }, true)));
        }

        // There is more of B far away, but only here is enough of both for two kits.
        desk.Ask(mayWait: false, (K, 2)).Answer.ShouldBe(RequestAnswer.Granted);
        desk[A].Requests.Concat(desk[B].Requests).SelectMany(r => r.Held).ShouldAllBe(h => h.Location == SharingDesk.Main);
        desk.Ask(mayWait: false, (K, 1)).Answer.ShouldBe(RequestAnswer.Granted);
        desk[B].Requests[^1].Held.ShouldHaveSingleItem().Location.ShouldBe(far);
        desk.Ask(mayWait: true, (K, 1)).Answer.ShouldBe(RequestAnswer.Refused, "one of A here, and B far away, make no kit");
    }

    private static SharingDesk Kit(int channels) =>
        new SharingDesk(channels).Sku(A, 5).Sku(B, 9).Sku(K, 0, SharingMode.Guard, (A, 2), (B, 1));
}
