using Shouldly;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Requests;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Requests;

public sealed class ReservationStoreTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_at_once_get_exactly_the_units_there_are()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 17);
        var store = new ReservationStore(database.Api);
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            n => Task.Run(() => store.AskAsync(merchant.Tenant, Wish(merchant, $"cart-{n}", 1), Ct))));
        answers.Count(a => a.Result == ReservationResult.Done).ShouldBe(17);
        answers.Count(a => a.Result == ReservationResult.NotAvailable).ShouldBe(83);
        (await database.ScalarAsync<int>("SELECT reserved FROM positions")).ShouldBe(17);
        (await database.ScalarAsync<long>("SELECT count(*) FROM reservations")).ShouldBe(17, "a refusal leaves nothing behind");
        await using var look = await merchant.WorkAsync();
        (await LedgerAudit.PositionsDifferFromLedgerAsync(look, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Carts_of_the_same_skus_in_either_order_meet_without_a_deadlock_and_none_is_half_reserved()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 3, onHand: 20);
        var store = new ReservationStore(database.Api);
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => Task.Run(() =>
        {
            var skus = n % 2 == 0 ? merchant.Skus : Enumerable.Reverse(merchant.Skus);
            var lines = skus.Select((s, i) => new ReservationWishLine(s, i == 0 ? 1 : 2, null)).ToList();
            return store.AskAsync(merchant.Tenant, Wish(merchant, $"cart-{n}", 1) with { Lines = lines }, Ct);
        })));
        var granted = answers.Where(a => a.Result == ReservationResult.Done).ToList();
        granted.ShouldNotBeEmpty();
        var reserved = await database.ScalarAsync<long>("SELECT sum(reserved) FROM positions");
        reserved.ShouldBe(granted.Count * 5);
        (await database.ScalarAsync<int>("SELECT max(reserved) FROM positions")).ShouldBeLessThanOrEqualTo(20);
    }

    [Fact]
    public async Task All_lines_or_none()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 2, onHand: 5);
        var store = new ReservationStore(database.Api);
        var wish = Wish(merchant, "cart", 1) with
        {
            Lines = [new ReservationWishLine(merchant.Skus[0], 5, null), new ReservationWishLine(merchant.Skus[1], 6, merchant.Location)],
        };
        var refused = await store.AskAsync(merchant.Tenant, wish, Ct);
        refused.Result.ShouldBe(ReservationResult.NotAvailable);
        refused.Offers.Select(o => (o.Free, o.Obtainable)).ShouldBe([(5, 5), (5, 5)]);
        (await database.ScalarAsync<long>("SELECT sum(reserved) FROM positions")).ShouldBe(0);
        var granted = await store.AskAsync(
            merchant.Tenant, wish with { Lines = [wish.Lines[0], wish.Lines[1] with { Units = 5 }] }, Ct);
        granted.Result.ShouldBe(ReservationResult.Done, "the reference of a refused wish is free");
        granted.Reservation!.Lines.Select(l => (l.Units, l.Held.Single().Location, l.Held.Single().Units))
            .ShouldBe([(5, "MAIN", 5), (5, "MAIN", 5)]);
    }

    [Fact]
    public async Task The_same_reference_is_the_same_reservation_and_never_another()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 5);
        var store = new ReservationStore(database.Api);
        var first = await store.AskAsync(merchant.Tenant, Wish(merchant, "cart", 2), Ct);
        var again = await store.AskAsync(merchant.Tenant, Wish(merchant, "cart", 2), Ct);
        (again.Result, again.Reservation!.Id).ShouldBe((ReservationResult.Known, first.Reservation!.Id));
        (await store.AskAsync(merchant.Tenant, Wish(merchant, "cart", 3), Ct)).Result.ShouldBe(ReservationResult.ReferenceTaken);
        (await database.ScalarAsync<int>("SELECT reserved FROM positions")).ShouldBe(2);
    }

    [Fact]
    public async Task A_hold_expires_by_the_databases_clock_and_a_paid_one_never()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 5);
        var store = new ReservationStore(database.Api);
        var worker = new ReservationStore(database.Worker);
        var left = (await store.AskAsync(merchant.Tenant, Wish(merchant, "left", 2), Ct)).Reservation!;
        var paid = (await store.AskAsync(merchant.Tenant, Wish(merchant, "paid", 1), Ct)).Reservation!;
        (await store.ConfirmAsync(merchant.Tenant, paid.Id, ReservationConfirmation.Paid, Ct)).Reservation!.Status.ShouldBe(ReservationStatus.Paid);
        (await worker.ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(0);
        await database.ExecuteAsync("UPDATE reservations SET expires_at = now() - interval '1 second'");
        (await worker.TenantsWithDueAsync(Ct)).ShouldBe([merchant.Tenant]);

        (await store.ConfirmAsync(merchant.Tenant, left.Id, ReservationConfirmation.Paid, Ct)).Result
            .ShouldBe(ReservationResult.Expired, "its time is up although nobody has swept yet");
        (await worker.ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(1);
        (await worker.TenantsWithDueAsync(Ct)).ShouldBeEmpty();
        (await database.ScalarAsync<int>("SELECT reserved FROM positions")).ShouldBe(1, "the paid unit stays");
        (await database.ScalarAsync<int>("SELECT ats_units FROM sku_state")).ShouldBe(4);
        (await store.ConfirmAsync(merchant.Tenant, left.Id, ReservationConfirmation.Paid, Ct)).Result.ShouldBe(ReservationResult.Expired);
    }

    [Fact]
    public async Task A_hold_that_cannot_be_ended_is_set_aside_and_told_and_the_others_end()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 10);
        var (store, worker) = (new ReservationStore(database.Api), new ReservationStore(database.Worker));
        var ids = new List<long>();
        for (var n = 0; n < 3; n++)
        {
            ids.Add((await store.AskAsync(merchant.Tenant, Wish(merchant, $"cart-{n}", 1), Ct)).Reservation!.Id);
        }

        await database.ExecuteAsync(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE check_violation USING MESSAGE = 'poison'; END $$");
        await database.ExecuteAsync(
            $"CREATE TRIGGER poison BEFORE UPDATE ON reservation_lines FOR EACH ROW WHEN (NEW.reservation_id = {ids[0]}) EXECUTE FUNCTION poison()");
        await database.ExecuteAsync("UPDATE reservations SET expires_at = now() - interval '1 second'");
        (await worker.ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(2);
        (await database.ScalarAsync<int>("SELECT reserved FROM positions")).ShouldBe(1);
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE incident_key = $1", $"hold-stuck:{ids[0]}")).ShouldContain("poison");
        (await worker.TenantsWithDueAsync(Ct)).ShouldBeEmpty("it waits");
        (await worker.ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(0);
        var incidents = new OpenIncidents(database.Worker, TimeProvider.System);
        (await incidents.CloseSetAsideAsync(merchant.Tenant, Ct)).ShouldBe(0);

        await database.ExecuteAsync("DROP TRIGGER poison ON reservation_lines");
        await database.ExecuteAsync("UPDATE reservations SET expire_after = now() WHERE expire_after IS NOT NULL");
        (await worker.ExpireAsync(merchant.Tenant, 10, Ct)).ShouldBe(1);
        (await incidents.CloseSetAsideAsync(merchant.Tenant, Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task Sweepers_side_by_side_end_each_hold_once()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 2, onHand: 100);
        var store = new ReservationStore(database.Api);
        for (var n = 0; n < 40; n++)
        {
            await store.AskAsync(merchant.Tenant, Wish(merchant, $"cart-{n}", 2, n % 2), Ct);
        }

        await database.ExecuteAsync("UPDATE reservations SET expires_at = now() - interval '1 second'");
        var ended = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => Task.Run(() => new ReservationStore(database.Worker).ExpireAsync(merchant.Tenant, 100, Ct))));
        ended.Sum().ShouldBe(40);
        (await database.ScalarAsync<long>("SELECT sum(reserved) FROM positions")).ShouldBe(0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE reason = 32")).ShouldBe(40);
    }

    [Fact]
    public async Task Lines_settled_by_different_transactions_settle_their_reservation()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 0, skus: 2, onHand: 5);
        var store = new ReservationStore(database.Api);
        var wish = Wish(merchant, "cart", 1) with { Lines = [.. merchant.Skus.Select(s => new ReservationWishLine(s, 1, null))] };
        var made = (await store.AskAsync(merchant.Tenant, wish, Ct)).Reservation!;
        await Task.WhenAll(merchant.Skus.Select(sku => Task.Run(async () =>
        {
            await using var session = await merchant.WorkAsync();
            var keys = SyncFlow.Storage.Stock.SkuKeys.None with { Requests = new RequestKeys([made.Id], [], []) };
            var set = await SyncFlow.Storage.Stock.SkuRows.LockAndReadAsync(session, [sku], keys, Ct);
            RequestRules.End(set, sku, set.FindSku(sku)!.Requests.Single(), RequestLineState.Released, DateTimeOffset.UnixEpoch);
            await SyncFlow.Storage.Stock.StockStore.SaveAsync(session, set, "test", DateTimeOffset.UnixEpoch, Ct);
            await session.CommitAsync(Ct);
        })));
        await using var look = await merchant.WorkAsync();
        (await ReservationReader.FindAsync(look, made.Id, Ct))!.Status.ShouldBe(ReservationStatus.Released);
    }

    internal static ReservationWish Wish(Merchant merchant, string reference, int units, int sku = 0) => new(
        reference, ReservationKind.Hold, null, TimeProvider.System.GetUtcNow().AddHours(1), MayWait: true, "tests",
        [new ReservationWishLine(merchant.Skus[sku], units, null)]);
}
