using Shouldly;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Case C17, end to end: one of 250 levels is refused, and a call is carried out whole or not at all.</summary>
public sealed class PoisonCases(PostgresFixture postgres, RedisFixture redis)
{
    private const string Pushes = "SELECT count(*) FROM pushes WHERE connection_id = 2";

    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C17_A_poisoned_level_that_the_error_names_costs_one_more_call()
    {
        await using var world = await LiveAsync();
        Poison(world.B.Variants[71], hideIndex: false, world.B);
        var before = await RaiseAllAsync(world);

        await UntilAllButOneAsync(world);
        (await world.CountAsync(Pushes) - before).ShouldBe(2, await HistoryAsync(world));
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'level-blocked'")).ShouldBe(1);
    }

    [Fact]
    public async Task C17_A_poisoned_level_that_no_error_names_is_found_by_halving()
    {
        await using var world = await LiveAsync();
        Poison(world.B.Variants[100], hideIndex: true, world.B);
        var before = await RaiseAllAsync(world);

        await UntilAllButOneAsync(world);
        var refused = await world.CountAsync(
            "SELECT count(DISTINCT push_id) FROM push_levels JOIN pushes USING (push_id) WHERE connection_id = 2 AND outcome IN (3, 4)");
        refused.ShouldBeLessThanOrEqualTo(9, "each refused call halves what is suspected, and 250 are halved at most 8 times");
        (await world.CountAsync(Pushes) - before)
            .ShouldBe((2 * refused) - 1, "the first call, and two for each refused one that had more than one element: " + await HistoryAsync(world));
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'level-blocked'")).ShouldBe(1);
    }

    [Fact]
    public async Task C17_A_stale_level_costs_its_neighbours_one_more_call_and_follows_when_its_sale_is_known()
    {
        await using var world = await LiveAsync();
        var webhooks = new CapturedWebhooks(world);
        var sold = world.B.Variants[71];
        world.B.Faults = new FaultSettings { OrderSearchLagMinMs = 6_000, OrderSearchLagMaxMs = 6_000 };
        world.Sandbox.World.Place(world.B, new OrderRequest([new LineRequest(4, sold.Id)])).Accepted.ShouldBeTrue();
        var before = await RaiseAllAsync(world);

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND belief = 110") == 249,
            "all but one raised", QuietLimit);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sold.Sku) == 106, "ten more than what the sale left", QuietLimit);
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync(Pushes) - before).ShouldBe(
            3, "the refused call, the neighbours, and the level that was stale: " + await HistoryAsync(world));
        (await world.CountAsync(Written, 2)).ShouldBe(1);
        (await world.CountAsync(Written + " AND from_units = 100 AND to_units = 110", 1)).ShouldBe(249);
        (await world.CountAsync(Written + " AND from_units = 96 AND to_units = 106", 1)).ShouldBe(1, "never written over");
        WorkerWorld.Shown(world.B, sold.Sku).ShouldBe(106);
    }

    private const string Written =
        "SELECT count(*) FROM push_levels JOIN pushes USING (tenant_id, push_id) WHERE connection_id = 2 AND outcome = $1";

    private async Task<WorkerWorld> LiveAsync()
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 250);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        return world;
    }

    private static void Poison(Variant variant, bool hideIndex, Shop shop)
    {
        lock (shop.Gate)
        {
            variant.IsBundleParent = true;
            variant.HideErrorIndex = hideIndex;
        }
    }

    /// <summary>Ten more of everything, planned for the second store as one full push; returns how many pushes it had before.</summary>
    private static async Task<long> RaiseAllAsync(WorkerWorld world)
    {
        var before = await world.CountAsync(Pushes);

        // Paused until all is applied and the first store is at rest (each answer and reading of its levels plans the
        // second's anew), so that one full push carries everything and each further one has its reason.
        await world.Database.ExecuteAsync("UPDATE connections SET status = 4 WHERE connection_id = 2");
        await world.ReceiveAsync(Enumerable.Range(1, 250).Select(i => ((long)i, 10)));
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0)"), "an empty inbox", QuietLimit);
        await world.QuietAsync(QuietLimit, connection: 1);
        await world.Database.ExecuteAsync("UPDATE connections SET status = 3 WHERE connection_id = 2");
        await world.RunAsync("replan", 2);
        return before;
    }

    /// <summary>The pushes of the second store, for whoever has to find out why there was one too many.</summary>
    private static Task<string> HistoryAsync(WorkerWorld world) => world.Database.ScalarAsync<string>(
        """
        SELECT string_agg(format('%s planned %s sent %s settled %s: %s levels, %s to %s, outcomes %s, %s', left(push_id::text, 13),
            to_char(p.planned_at, 'SS.MS'), to_char(sent_at, 'SS.MS'), to_char(settled_at, 'SS.MS'), elements, l.least, l.most, l.outcomes, fault),
          E'\n' ORDER BY p.planned_at)
        FROM pushes p CROSS JOIN LATERAL (
          SELECT min(from_units) || '>' || min(to_units) AS least, max(from_units) || '>' || max(to_units) AS most,
            string_agg(DISTINCT concat(outcome, code), ',') AS outcomes
          FROM push_levels WHERE push_id = p.push_id) l
        WHERE connection_id = 2
        """);

    private static Task UntilAllButOneAsync(WorkerWorld world) => Waits.UntilAsync(
        async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND belief = 110") == 249
            && await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = 5") == 1,
        "all but one raised, one blocked", QuietLimit);
}
