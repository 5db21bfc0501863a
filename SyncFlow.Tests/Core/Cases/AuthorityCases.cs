using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Who is right about on-hand.</summary>
public sealed class AuthorityCases
{
    private static readonly ConnectionId Store = new(1);
    private static readonly ConnectionId Other = new(2);
    private static readonly LocationId Elsewhere = new(2);

    [Fact]
    public void The_narrowest_rule_that_fits_is_in_force()
    {
        var tenant = new AuthorityRule(null, null, null, null);
        var place = new AuthorityRule(null, null, Desk.Main, Store);
        var group = new AuthorityRule(null, "A", null, Other);
        var narrower = new AuthorityRule(null, "AB", null, Store);
        var sku = new AuthorityRule(Desk.Sku, null, null, Other);
        var exact = new AuthorityRule(Desk.Sku, null, Desk.Main, Store);

        Authority.Of([], Desk.Main).ShouldBeNull();
        Authority.Of([tenant, place], Desk.Main).ShouldBe(place);
        Authority.Of([tenant, place], Elsewhere).ShouldBe(tenant);
        Authority.Of([tenant, place, group, narrower], Desk.Main).ShouldBe(narrower);
        Authority.Of([sku, narrower], Desk.Main).ShouldBe(sku);
        Authority.Of([exact, sku], Desk.Main).ShouldBe(exact);
        Authority.Of([exact, sku], Elsewhere).ShouldBe(sku);
    }

    [Theory]
    [InlineData(null, false, 10)]
    [InlineData(null, true, 8)]
    [InlineData(0L, true, 10)]
    [InlineData(1L, false, 8)]
    [InlineData(2L, true, 10)]
    public void A_channels_edit_is_a_fact_only_where_that_channel_is_the_authority(long? owner, bool setting, int onHand)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        if (setting)
        {
            desk.Own(1);
        }

        if (owner is { } id)
        {
            Rule(desk, id == 0 ? null : new ConnectionId(id));
        }

        for (var cycle = 0; cycle < 2; cycle++)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 8, OnHand = 8 });
        }

        desk.Position.OnHand.ShouldBe(onHand);
        desk.Drift.Count.ShouldBe(1);
    }

    [Fact]
    public void A_correction_by_anybody_but_the_authority_is_refused_and_said()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Rule(desk, Other);

        Correct(desk, "a", null).ShouldBe(FactOutcome.NotTheAuthority);
        Correct(desk, "b", Store).ShouldBe(FactOutcome.NotTheAuthority);
        desk.Position.OnHand.ShouldBe(10);
        desk.Incidents.ShouldAllBe(i => i.Kind == "not-the-authority");
        Correct(desk, "c", Other).ShouldBe(FactOutcome.Applied);
        desk.Position.OnHand.ShouldBe(7);
        desk.Receive("goods", 5).ShouldBe(FactOutcome.Applied, "goods that arrive are a fact");

        // A refused correction used up nothing: once the ledger is the authority it can be told again.
        Rule(desk, null);
        Correct(desk, "a", null).ShouldBe(FactOutcome.Applied);
    }

    [Fact]
    public void A_stock_operation_that_corrects_on_hand_is_refused_with_the_rule_that_forbids_it()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Rule(desk, Other);
        StockOperation Operation(OperationKind kind, int units) => new(
            $"op:{kind}:{units}", null, desk.Now, Desk.Sku,
            OperationLegs.Of(kind, Desk.Main, units, StockCondition.Available, StockCondition.Available));

        desk.Apply(Operation(OperationKind.Adjustment, -3)).ShouldBe(FactOutcome.NotTheAuthority);
        desk.Position.OnHand.ShouldBe(10);
        desk.Incidents.ShouldHaveSingleItem().Message.ShouldBe(
            "A correction of -3 units was refused: the rule about on-hand of this SKU says that connection 2 is its authority.");
        desk.Apply(Operation(OperationKind.Receipt, 4)).ShouldBe(FactOutcome.Applied, "goods that arrive are a fact");
        desk.Apply(Operation(OperationKind.WriteOff, 1)).ShouldBe(FactOutcome.Applied, "and so are goods that are gone");
        Rule(desk, null);
        desk.Apply(Operation(OperationKind.Adjustment, -3)).ShouldBe(FactOutcome.Applied);
    }

    private static void Rule(Desk desk, ConnectionId? owner) =>
        desk.Arrange(s => s with { AuthorityRules = [new AuthorityRule(Desk.Sku, null, null, owner)] });

    private static FactOutcome Correct(Desk desk, string key, ConnectionId? from) => desk.Apply(new StockMovement(
        key, from, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -3, EntryReason.Adjustment));
}
