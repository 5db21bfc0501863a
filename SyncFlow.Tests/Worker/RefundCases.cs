using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Case C12, end to end: refunds of every kind, each on a SKU of its own of which ten are there and three are bought.</summary>
public sealed class RefundCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C12_Refunds_restock_write_off_and_return_each_to_its_own_numbers()
    {
        await using var world = await LiveAsync(skus: 4);
        var orders = Enumerable.Range(0, 4).Select(sku => Buy(world, sku)).ToList();
        foreach (var order in orders.Skip(2))
        {
            OrderDesk.Fulfill(world.Sandbox.World, world.A, order.Id, null).Accepted.ShouldBeTrue();
        }

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 6 && await world.CountAsync("SELECT sum(on_hand) FROM positions") == 34,
            "two orders open and two shipped", QuietLimit);
        await PassSecondAsync();
        foreach (var (order, kind) in orders.Zip(["cancel", "no_restock", "return", "no_restock"]))
        {
            Refund(world, order, kind);
        }

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 2
                && await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE reason = $1", (short)EntryReason.Return) == 1,
            "the refunds in the ledger", QuietLimit);
        await world.QuietAsync(QuietLimit);

        await ShouldBeAsync(world, 0, onHand: 10, committed: 1, "restocked");
        await ShouldBeAsync(world, 1, onHand: 8, committed: 1, "written off");
        await ShouldBeAsync(world, 2, onHand: 9, committed: 0, "returned to the shelf it is refunded at");
        await ShouldBeAsync(world, 3, onHand: 7, committed: 0, "kept by the customer");
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = $1", (short)EntryReason.WriteOff)).ShouldBe(-2, "only what was not shipped");
        (await world.CountAsync("SELECT sum(suspense) FROM positions")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Theory]
    [InlineData("cancel", 10, 1)]
    [InlineData("no_restock", 8, 1)]
    public async Task C12_A_refund_that_is_told_before_its_order_ends_the_same(string kind, int onHand, int committed)
    {
        await using var world = await LiveAsync(skus: 1);
        var webhooks = new CapturedWebhooks(world);
        var order = Buy(world, 0);
        await PassSecondAsync();
        Refund(world, order, kind);

        await webhooks.DeliverAsync(webhooks.Of("refunds/create").ShouldHaveSingleItem());
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 1, "the order, asked for", QuietLimit);
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        await world.QuietAsync(QuietLimit);

        await ShouldBeAsync(world, 0, onHand, committed, "whatever came first");
        (await MostSellableAsync(world)).ShouldBe(10, "no phantom units on the way");
    }

    [Fact]
    public async Task C12_A_cancel_without_restock_that_is_told_before_its_refund_frees_nothing_meanwhile()
    {
        await using var world = await LiveAsync(skus: 1);
        var webhooks = new CapturedWebhooks(world);
        world.A.Faults = new FaultSettings { OrderSearchLagMinMs = 600_000, OrderSearchLagMaxMs = 600_000 };
        var order = Buy(world, 0);
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        await PassSecondAsync();
        OrderDesk.Cancel(world.Sandbox.World, world.A, order.Id, restock: false).Accepted.ShouldBeTrue();
        var cancelled = webhooks.Of("orders/cancelled").ShouldHaveSingleItem();
        await webhooks.DeliverAsync(cancelled with { Body = WithoutRefunds(cancelled.Body) });
        await webhooks.AppliedAsync();

        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions")).ShouldBe(10);
        (await world.CountAsync("SELECT suspense::bigint FROM positions")).ShouldBe(3, "nobody has said yet what became of them");
        await webhooks.DeliverAsync(webhooks.Of("refunds/create").ShouldHaveSingleItem());
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(suspense) FROM positions") == 0, "the refund, asked for", QuietLimit);
        await world.QuietAsync(QuietLimit);

        await ShouldBeAsync(world, 0, onHand: 7, committed: 0, "three are lost");
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = $1", (short)EntryReason.WriteOff)).ShouldBe(-3);
        (await MostSellableAsync(world)).ShouldBe(10, "no phantom units on the way");
    }

    private async Task<WorkerWorld> LiveAsync(int skus)
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus, stock: 10);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        return world;
    }

    private static Order Buy(WorkerWorld world, int sku) =>
        world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(3, world.A.Variants[sku].Id)])).Order.ShouldNotBeNull();

    private static void Refund(WorkerWorld world, Order order, string kind) =>
        OrderDesk.Refund(world.Sandbox.World, world.A, order.Id, [new RefundRequest(order.Lines[0].Id, 2, kind)]).Accepted.ShouldBeTrue();

    private static async Task ShouldBeAsync(WorkerWorld world, int item, int onHand, int committed, string why)
    {
        var sku = world.A.Variants[item].Sku;
        (await world.Database.ScalarAsync<string>(
            "SELECT format('%s %s %s', on_hand, committed, suspense) FROM positions JOIN skus USING (tenant_id, sku_id) WHERE code = $1", sku))
            .ShouldBe($"{onHand} {committed} 0", why);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((onHand - committed, onHand - committed), why);
    }

    /// <summary>The most that was available to sell after any event, by the ledger alone.</summary>
    private static Task<long> MostSellableAsync(WorkerWorld world) => world.CountAsync(
        """
        SELECT max(sum)::bigint FROM (
          SELECT sum(sum(CASE bucket WHEN 1 THEN delta ELSE -delta END)) OVER (ORDER BY max(entry_id))
          FROM ledger_entries GROUP BY coalesce(inbox_event_id, -entry_id)) s
        """);

    private static byte[] WithoutRefunds(byte[] body)
    {
        var order = JsonNode.Parse(body)!.AsObject();
        order["refunds"] = new JsonArray();
        return System.Text.Encoding.UTF8.GetBytes(order.ToJsonString());
    }

    /// <summary>Shops tell times in whole seconds: what happens in another second has another time.</summary>
    private static Task PassSecondAsync() => Task.Delay(TimeSpan.FromMilliseconds(1_100));
}
