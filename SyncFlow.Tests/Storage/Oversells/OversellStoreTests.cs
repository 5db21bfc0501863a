using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Oversells;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Storage.Requests;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Oversells;

public sealed class OversellStoreTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_shortage_is_proposed_confirmed_done_on_the_channel_and_resolved_by_its_orders_own_snapshot()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await SetUpAsync(database, spare: 4);
        await ApplyAsync(merchant, Order(merchant, "1", 2, minute: 0));
        await ApplyAsync(merchant, Order(merchant, "2", 3, minute: 1));
        var desk = new OversellDesk(database.Api, TimeProvider.System);
        var seen = (await desk.ListAsync(merchant.Tenant.Value, true, null, null, null, null, 10, Ct)).Single();
        (seen.State, seen.Units, seen.PoolGroup).ShouldBe((OversellState.Noticed, 2, 1));
        var causes = await desk.CausesAsync(merchant.Tenant.Value, seen.Id, Ct);
        causes.Single().ShouldSatisfyAllConditions(c => c.FactKey.ShouldEndWith(":2"), c => c.Units.ShouldBe(3));
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'oversell' AND closed_at IS NULL")).ShouldBe(1);

        var api = new OversellStore(database.Api, TimeProvider.System);
        (await api.ConfirmAsync(merchant.Tenant, seen.Id, "anna", null, null, Ct)).ShouldBe(OversellDecision.NotProposed);
        await ProposeAsync(database, merchant);
        (await desk.ProposalAsync(merchant.Tenant.Value, seen.Id, Ct)).Single().ShouldBe(
            new OversellStep(SettlementKind.Resource, merchant.Connections[0].Value, "2", "2-1", 3, "SIDE", null));
        (await api.ConfirmAsync(merchant.Tenant, seen.Id, "anna", "ship it", null, Ct)).ShouldBe(OversellDecision.Done);
        (await api.ConfirmAsync(merchant.Tenant, seen.Id, "anna", null, null, Ct)).ShouldBe(OversellDecision.Decided);
        var action = (await desk.ActionsAsync(merchant.Tenant.Value, null, false, null, null, 10, Ct)).Single();
        (await desk.DoneAsync(merchant.Tenant.Value, action.Id, "ben", Ct))!.Done.ShouldBeTrue();
        (await database.ScalarAsync<int>("SELECT shortfall FROM sku_state")).ShouldBe(2, "deciding books nothing: the order does");

        await ApplyAsync(merchant, Order(merchant, "2", 3, minute: 2, at: "x-side"));
        (await database.ScalarAsync<int>("SELECT shortfall FROM sku_state")).ShouldBe(0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'oversell' AND closed_at IS NULL")).ShouldBe(0, "its cause is gone");
        var over = await desk.FindAsync(merchant.Tenant.Value, seen.Id, Ct);
        (over!.State, over.Units, over.MostUnits, over.DecidedBy).ShouldBe((OversellState.Resolved, 0, 2, "anna"));
    }

    [Fact]
    public async Task A_shortage_that_grows_after_a_decision_is_proposed_again_without_the_lines_already_decided_on()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await SetUpAsync(database, spare: 0);
        await ApplyAsync(merchant, Order(merchant, "1", 5, minute: 0));
        await ProposeAsync(database, merchant);
        var id = await database.ScalarAsync<long>("SELECT oversell_id FROM oversells");
        var api = new OversellStore(database.Api, TimeProvider.System);
        (await api.ConfirmAsync(merchant.Tenant, id, "anna", null, null, Ct)).ShouldBe(OversellDecision.Done);
        await ApplyAsync(merchant, Order(merchant, "2", 4, minute: 1));
        await ProposeAsync(database, merchant);
        var desk = new OversellDesk(database.Api, TimeProvider.System);
        (await desk.FindAsync(merchant.Tenant.Value, id, Ct))!.Units.ShouldBe(6);
        (await desk.ProposalAsync(merchant.Tenant.Value, id, Ct)).Single().ShouldSatisfyAllConditions(
            s => s.OrderRef.ShouldBe("2"), s => s.Kind.ShouldBe(SettlementKind.Cancel));
        (await database.ScalarAsync<long>("SELECT count(*) FROM oversells")).ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT count(*) FROM oversell_causes")).ShouldBe(2);
    }

    [Fact]
    public async Task The_cheapest_order_goes_first_and_what_that_costs_is_booked_to_what_broke()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await SetUpAsync(database, spare: 0);
        var desk = new OversellDesk(database.Api, TimeProvider.System);
        var rules = SettlementRules.Default with { Ranking = [SettlementRank.LowestValueFirst], CancelCost = new Money(2.5m, "EUR") };
        await desk.SetRulesAsync(merchant.Tenant.Value, rules, "anna", Ct);
        (await desk.RulesAsync(merchant.Tenant.Value, Ct)).CancelCost.ShouldBe(new Money(2.5m, "EUR"));
        await ApplyAsync(merchant, Order(merchant, "1", 2, minute: 0, price: 80));
        await ApplyAsync(merchant, Order(merchant, "2", 2, minute: 1, price: 19.9m));
        await ApplyAsync(merchant, Order(merchant, "3", 1, minute: 2));
        await ProposeAsync(database, merchant);
        var seen = (await desk.ListAsync(merchant.Tenant.Value, true, null, null, null, null, 10, Ct)).Single();
        (await desk.ProposalAsync(merchant.Tenant.Value, seen.Id, Ct)).Select(s => (s.OrderRef, s.Units, s.Value)).ShouldBe([("2", 2, new Money(39.8m, "EUR"))]);

        await new OversellStore(database.Api, TimeProvider.System).ConfirmAsync(merchant.Tenant, seen.Id, "anna", null, null, Ct);
        (await desk.CostsAsync(merchant.Tenant.Value, seen.Id, Ct)).Select(c => (c.Kind, c.Cause, c.Units, c.Cost)).ShouldBe(
            [(CostKind.Cancel, seen.Cause, 2, new Money(39.8m, "EUR")), (CostKind.CancelFee, seen.Cause, 0, new Money(2.5m, "EUR"))]);
        (await desk.ActionsAsync(merchant.Tenant.Value, seen.Id, null, null, null, 10, Ct)).Single().Value.ShouldBe(new Money(39.8m, "EUR"));
        var report = await desk.ReportAsync(merchant.Tenant.Value, TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1), CostPeriod.Month, Ct);
        report.Single().ShouldSatisfyAllConditions(
            r => r.Cause.ShouldBe(seen.Cause), r => (r.Settlements, r.CancelledUnits, r.UnvaluedUnits).ShouldBe((1, 2, 0)),
            r => r.Costs.ShouldBe([new Money(42.3m, "EUR")]));

        await ApplyAsync(merchant, Order(merchant, "4", 6, minute: 3));
        await desk.SetRulesAsync(merchant.Tenant.Value, rules with { Confirmation = SettlementConfirmation.Everything }, "anna", Ct);
        await ProposeAsync(database, merchant);
        report = await desk.ReportAsync(merchant.Tenant.Value, TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1), CostPeriod.Whole, Ct);
        report.Sum(r => r.UnvaluedUnits).ShouldBeGreaterThan(0, "a policy books too, and what nobody knows is said");
    }

    [Fact]
    public async Task Dismissed_stays_so_until_it_grows_and_a_policy_decides_without_a_person()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await SetUpAsync(database, spare: 0);
        await ApplyAsync(merchant, Order(merchant, "1", 4, minute: 0));
        var id = await database.ScalarAsync<long>("SELECT oversell_id FROM oversells");
        var api = new OversellStore(database.Api, TimeProvider.System);
        (await api.DismissAsync(merchant.Tenant, id, "anna", "a gift", Ct)).ShouldBe(OversellDecision.Done);
        (await api.DismissAsync(merchant.Tenant, id, "anna", null, Ct)).ShouldBe(OversellDecision.Decided);
        await ProposeAsync(database, merchant);
        var desk = new OversellDesk(database.Api, TimeProvider.System);
        (await desk.FindAsync(merchant.Tenant.Value, id, Ct))!.State.ShouldBe(OversellState.Dismissed);

        await desk.SetRulesAsync(
            merchant.Tenant.Value, SettlementRules.Default with { Confirmation = SettlementConfirmation.Everything }, "anna", Ct);
        await ApplyAsync(merchant, Order(merchant, "2", 1, minute: 1));
        await ProposeAsync(database, merchant);
        var open = (await desk.ListAsync(merchant.Tenant.Value, true, null, null, null, null, 10, Ct)).Single();
        (open.State, open.DecidedBy).ShouldBe((OversellState.Confirmed, "policy"));
        (await desk.ActionsAsync(merchant.Tenant.Value, open.Id, false, null, null, 10, Ct)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task An_order_takes_over_the_reservation_it_carries_in_its_own_transaction()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await SetUpAsync(database, spare: 0);
        var store = new ReservationStore(database.Api);
        var wish = ReservationStoreTests.Wish(merchant, "cart-9", 2);
        await database.ExecuteAsync("UPDATE listing_levels SET belief = 0, target = 0");
        var made = await store.AskAsync(merchant.Tenant, wish, Ct);
        made.Result.ShouldBe(ReservationResult.Done);
        await ApplyAsync(merchant, Order(merchant, "1", 2, minute: 0, reservation: "cart-9"));
        (await database.ScalarAsync<int>("SELECT ats_units FROM sku_state")).ShouldBe(1);
        (await database.ScalarAsync<int>("SELECT reserved FROM positions WHERE committed = 2")).ShouldBe(0);
        await using var look = await merchant.WorkAsync();
        var after = (await ReservationReader.FindAsync(look, made.Reservation!.Id, Ct))!;
        (after.Status, after.OrderRef, after.ConnectionId).ShouldBe((ReservationStatus.Committed, "1", merchant.Connections[0].Value));
        await database.ExecuteAsync("UPDATE reservations SET expires_at = now() - interval '1 second'");
        (await new ReservationStore(database.Worker).ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(0, "what an order took over cannot expire");
    }

    [Fact]
    public async Task A_shortage_that_nothing_can_be_proposed_for_is_set_aside_and_told_and_the_next_has_its_turn()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 0);
        await database.ExecuteAsync(
            """
            INSERT INTO oversells (tenant_id, oversell_id, sku_id, pool_group, units, most_units, cause, mode, opened_at, seen_at)
            VALUES ($1, 901, $2, 1, 1, 1, 1, 1, now(), now()), ($1, 902, $3, 1, 1, 1, 1, 1, now(), now())
            """,
            merchant.Tenant.Value, merchant.Skus[0].Value, merchant.Skus[1].Value);
        await database.ExecuteAsync(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE check_violation USING MESSAGE = 'poison'; END $$");
        await database.ExecuteAsync(
            "CREATE TRIGGER poison BEFORE UPDATE OF proposal ON oversells FOR EACH ROW WHEN (NEW.oversell_id = 901) EXECUTE FUNCTION poison()");
        await ProposeAsync(database, merchant);
        (await database.ScalarAsync<long>("SELECT oversell_id FROM oversells WHERE state = 2")).ShouldBe(902);
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE incident_key = 'settlement-failed:901'")).ShouldContain("poison");
        (await new OversellStore(database.Worker, TimeProvider.System).TenantsToProposeForAsync(Ct)).ShouldBeEmpty("it waits");
        var incidents = new OpenIncidents(database.Worker, TimeProvider.System);
        (await incidents.CloseSetAsideAsync(merchant.Tenant, Ct)).ShouldBe(0);

        await database.ExecuteAsync("DROP TRIGGER poison ON oversells");
        await database.ExecuteAsync("UPDATE oversells SET propose_after = now() WHERE propose_after IS NOT NULL");
        await ProposeAsync(database, merchant);
        (await database.ScalarAsync<long>("SELECT count(*) FROM oversells WHERE state = 2 AND propose_after IS NULL")).ShouldBe(2);
        (await incidents.CloseSetAsideAsync(merchant.Tenant, Ct)).ShouldBe(1);
    }

    /// <summary>One SKU, three units at MAIN; another group SIDE with units that no channel shows.</summary>
    private static async Task<Merchant> SetUpAsync(TestDatabase database, int spare)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 3);
        await database.ExecuteAsync("INSERT INTO locations (tenant_id, code, name, pool_group) VALUES ($1, 'SIDE', 'Side', 2)", merchant.Tenant.Value);
        await database.ExecuteAsync(
            "INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) SELECT tenant_id, $1, 'x-side', 'Side', location_id FROM locations WHERE code = 'SIDE'",
            merchant.Connections[0].Value);
        await database.ExecuteAsync(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT tenant_id, $1, location_id, $2, true FROM locations WHERE code = 'SIDE'",
            merchant.Skus[0].Value, spare);
        return merchant;
    }

    private static async Task ProposeAsync(TestDatabase database, Merchant merchant)
    {
        var worker = new OversellStore(database.Worker, TimeProvider.System);
        foreach (var tenant in await worker.TenantsToProposeForAsync(Ct))
        {
            tenant.ShouldBe(merchant.Tenant);
            while (await worker.ProposeNextAsync(tenant, Ct))
            {
            }
        }
    }

    private static OrderFact Order(
        Merchant merchant, string id, int units, int minute, string at = Merchant.Shelf, string? reservation = null, decimal? price = null)
    {
        var snapshot = Desk.Snapshot(id, units, At.AddMinutes(minute), variant: Merchant.Variant(0)) with { ReservationRef = reservation, Currency = "EUR" };
        snapshot = snapshot with { Lines = [snapshot.Lines[0] with { Assignments = [new Assignment(at, units)], Price = price }] };
        return new OrderFact($"order:{merchant.Connections[0].Value}:{id}", merchant.Connections[0], null, At.AddMinutes(minute), snapshot);
    }

    private static async Task ApplyAsync(Merchant merchant, Fact fact)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(session, FactRefs.Of([fact]), Ct);
        FactEngine.Apply(set, fact, At);
        Replanner.Replan(set, At);
        await StockStore.SaveAsync(session, set, "test", At, Ct);
        await session.CommitAsync(Ct);
    }
}
