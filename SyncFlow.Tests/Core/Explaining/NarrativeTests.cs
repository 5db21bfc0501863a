using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;
using Xunit;

namespace SyncFlow.Tests.Core.Explaining;

/// <summary>Sentences that merchants read.</summary>
public sealed class NarrativeTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);
    private static readonly (LocationId Main, LocationId Side) Places = (new(1), new(2));

    [Theory]
    [InlineData(SharingMode.Guard, EffectiveMode.Guard, "Mode guard:")]
    [InlineData(SharingMode.Guard, EffectiveMode.EnteringGuard, "Mode entering guard (asked for: guard):")]
    [InlineData(SharingMode.Adaptive, EffectiveMode.Guard, "Mode guard (asked for: adaptive):")]
    [InlineData(SharingMode.Adaptive, EffectiveMode.Shared, "Mode shared (asked for: adaptive):")]
    [InlineData(SharingMode.Shared, EffectiveMode.Shared, "Mode shared:")]
    public void What_was_asked_for_is_told_where_another_mode_is_in_force(SharingMode asked, EffectiveMode inForce, string begins)
    {
        var sku = Sku(1, (Places.Main, 5)) with { Policy = SkuPolicy.Default with { Mode = asked }, Mode = inForce };
        Narrative.Of(Moment(sku), [], null)[1].ShouldStartWith(begins);
    }

    [Fact]
    public void A_kits_number_adds_up_location_by_location()
    {
        var kit = Sku(3) with { Components = [new Component(new SkuId(1), 2), new Component(new SkuId(2), 1)] };
        var told = Narrative.Of(Moment(kit, Sku(1, (Places.Main, 103), (Places.Side, 25)), Sku(2, (Places.Main, 90), (Places.Side, 9))), [], null);
        told.Take(3).ShouldBe(
        [
            "It is a kit of 2 × SKU 1 and 1 × SKU 2: what there is of them makes 60.",
            "location 1 makes 51: it has 103 of SKU 1, 2 each; 90 of SKU 2, 1 each.",
            "location 2 makes 9: it has 25 of SKU 1, 2 each; 9 of SKU 2, 1 each.",
        ]);
    }

    [Fact]
    public void What_systems_told_is_said_by_their_names()
    {
        var names = new StockNames(
            ImmutableDictionary<LocationId, string>.Empty.Add(Places.Main, "SHOP-1"), ImmutableDictionary<ConnectionId, string>.Empty.Add(new ConnectionId(6), "Tills"));
        LedgerEntry Entry(EntryReason reason, Bucket bucket, string key) => new(
            new SkuId(1), Places.Main, bucket, 2, reason, key, null, new ConnectionId(6), null, At);
        Words.Of(Entry(EntryReason.AwaitsPosting, Bucket.PosPending, "source:6:pos-0-9"), names).ShouldBe(
            "Gone, told by Tills; whoever keeps the books has not posted it yet (pos-0-9): 2 more sold at tills and not posted at SHOP-1");
        Words.Of(Entry(EntryReason.ReservationHeld, Bucket.Reserved, "reservation:1"), names).ShouldBe("Reservation 1 was granted: 2 more reserved at SHOP-1");
    }

    private static SkuState Sku(long id, params (LocationId Place, int OnHand)[] pools) => new()
    {
        Sku = new SkuId(id),
        Policy = SkuPolicy.Default,
        Mode = EffectiveMode.Shared,
        Pools = [.. pools.Select(p => new Pool(p.Place, default(Buckets) with { OnHand = p.OnHand }, true))],
    };

    private static StockMoment Moment(SkuState sku, params SkuState[] others)
    {
        var context = new EngineContext(
            new TenantId(1), ImmutableDictionary<ConnectionId, ChannelSettings>.Empty,
            new[] { Places.Main, Places.Side }.ToImmutableDictionary(l => l, l => new LocationSettings(l, true, 1)));
        var names = new StockNames(ImmutableDictionary<LocationId, string>.Empty, ImmutableDictionary<ConnectionId, string>.Empty);
        return new StockMoment(At, "S", sku, context, names, null) { Tied = Cluster.Of([sku, .. others], context) };
    }
}
