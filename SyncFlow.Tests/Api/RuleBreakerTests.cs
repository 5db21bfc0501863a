using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Changes of policies, buffers, kits and groups that would move many levels wait for approval.</summary>
public sealed class RuleBreakerTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string TenantPolicy = "/api/v1/policies/allocation/tenant";

    private const string Buffers = "/api/v1/policies/buffers";

    [Fact]
    public async Task A_policy_that_moves_every_level_waits_is_shown_whole_and_is_done_and_undone_as_shown()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var cap = Cap(shop, 3);
        var (_, preview) = await shop.SendAsync(HttpMethod.Put, TenantPolicy + "?preview=true", cap);
        ((string)preview!["trip"]!).ShouldContain("touches 40 of 40", Case.Sensitive, preview.ToJsonString());
        ((int)preview["writes"]!["total"]!).ShouldBe(40);
        (await ChangesAsync(shop)).ShouldBe(0, "a preview is no change");

        var (status, change) = await shop.SendAsync(HttpMethod.Put, TenantPolicy, cap);
        status.ShouldBe(HttpStatusCode.Accepted, change?.ToJsonString());
        ((string)change!["kind"]!).ShouldBe("allocationPolicy");
        ((int)change["rule"]!["channels"]![0]!["cap"]!).ShouldBe(3);
        ((long)await shop.Database.ScalarAsync<long>("SELECT count(*) FROM allocation_policies") + await ReplansAsync(shop)).ShouldBe(0, "nothing of it is done");

        var (_, again) = await shop.SendAsync(HttpMethod.Put, TenantPolicy, cap);
        ((long)again!["id"]!, await ChangesAsync(shop)).ShouldBe(((long)change["id"]!, 1), "asked again it waits once");

        var levels = await LevelsAsync(shop, change);
        levels.Count.ShouldBe(40);
        levels.ShouldAllBe(l => l == new Level(10, 3));
        var (_, tag) = await shop.GetAsync(Of(change));
        (await shop.PostAsync(Of(change) + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        ((int)(await shop.GetAsync(TenantPolicy)).Body["version"]!).ShouldBe(1);
        (await ReplansAsync(shop)).ShouldBe(1);

        var (undo, undoTag) = await shop.GetAsync(Of(change) + "/undo");
        undo["effects"]!.AsArray().Count.ShouldBe(40);
        (await shop.PostAsync(Of(change) + "/undo", new { why = "too tight" }, undoTag)).Status.ShouldBe(HttpStatusCode.OK);
        var (policy, _) = await shop.GetAsync(TenantPolicy);
        ((int)policy["version"]!, policy["channels"]).ShouldBe((2, null));
    }

    [Fact]
    public async Task Policies_of_one_SKU_after_another_are_one_mass_change_and_a_small_one_is_done_and_undone()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        HttpStatusCode last = default;
        var done = 0;
        for (; done < 40 && last != HttpStatusCode.Accepted; done++)
        {
            (last, _) = await shop.SendAsync(HttpMethod.Put, $"/api/v1/policies/allocation/skus/sku-{done:0000}", Cap(shop, 3));
        }

        (done, last).ShouldBe((10, HttpStatusCode.Accepted), "ten of forty");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM allocation_policies")).ShouldBe(9);

        var first = (await shop.GetAsync("/api/v1/changes/1")).Body;
        await shop.SendAsync(HttpMethod.Put, "/api/v1/policies/allocation/skus/sku-0000", Cap(shop, 9));
        var (_, tag) = await shop.GetAsync(Of(first) + "/undo");
        var (refused, why) = await shop.PostAsync(Of(first) + "/undo", new { why = "x" }, tag);
        refused.ShouldBe(HttpStatusCode.Conflict);
        ((string)why!["detail"]!).ShouldContain("changed again since");
    }

    [Fact]
    public async Task An_approval_is_of_the_rule_that_was_to_be_replaced_and_not_of_a_later_one()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var (_, change) = await shop.SendAsync(HttpMethod.Put, TenantPolicy, Cap(shop, 3));
        var (_, tag) = await shop.GetAsync(Of(change!));

        // Somebody else names a rule meanwhile that moves nothing, and so does not wait.
        (await shop.SendAsync(HttpMethod.Put, TenantPolicy, Cap(shop, 10))).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.PostAsync(Of(change!) + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        ((int)(await shop.GetAsync(TenantPolicy)).Body["channels"]![0]!["cap"]!).ShouldBe(10, "nothing was done");
        var (now, newTag) = await shop.GetAsync(Of(change!));
        ((int)now["rule"]!["replaces"]!).ShouldBe(1);
        (await shop.PostAsync(Of(change!) + "/approve", new { }, newTag)).Status.ShouldBe(HttpStatusCode.OK);
        ((int)(await shop.GetAsync(TenantPolicy)).Body["version"]!).ShouldBe(2);
    }

    [Fact]
    public async Task Buffers_that_empty_many_levels_wait_and_can_be_given_up()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var (status, change) = await shop.SendAsync(HttpMethod.Put, Buffers, new { tiers = new[] { new { name = "all", from = 0, units = 10 } } });
        status.ShouldBe(HttpStatusCode.Accepted, change?.ToJsonString());
        ((string)change!["trip"]!).ShouldContain("empties 40 of 40");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM tier_buffers")).ShouldBe(0);
        var (_, tag) = await shop.GetAsync(Of(change));
        (await shop.PostAsync(Of(change) + "/reject", new { note = "no" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        ((int)(await shop.GetAsync(Buffers)).Body["version"]!).ShouldBe(0);

        var (set, small) = await shop.SendAsync(HttpMethod.Put, Buffers, new { tiers = new[] { new { name = "none", from = 0, units = 0 } } });
        set.ShouldBe(HttpStatusCode.OK, small?.ToJsonString());
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM tier_buffers")).ShouldBe(40);
        var (_, undo) = await shop.GetAsync($"/api/v1/changes/{small!["changeId"]}/undo");
        (await shop.PostAsync($"/api/v1/changes/{small["changeId"]}/undo", new { why = "x" }, undo)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM tier_buffers")).ShouldBe(0);
    }

    [Fact]
    public async Task SKUs_that_come_under_another_groups_policy_wait_and_go_back_to_the_groups_they_were_in()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        foreach (var code in new[] { "tight", "wide" })
        {
            await shop.PostAsync("/api/v1/sku-groups", new { code });
        }

        await shop.SendAsync(HttpMethod.Put, "/api/v1/policies/allocation/groups/tight", Cap(shop, 2));
        var few = await shop.PostAsync("/api/v1/sku-groups/wide/members", new { add = Codes(5) });
        few.Status.ShouldBe(HttpStatusCode.OK, few.Body?.ToJsonString());
        var (status, change) = await shop.PostAsync("/api/v1/sku-groups/tight/members", new { add = Codes(20) });
        status.ShouldBe(HttpStatusCode.Accepted, change?.ToJsonString());
        (await LevelsAsync(shop, change!)).ShouldAllBe(l => l == new Level(10, 2));
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE group_id = 1")).ShouldBe(0);
        var (_, tag) = await shop.GetAsync(Of(change!));
        (await shop.PostAsync(Of(change!) + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE group_id = 1")).ShouldBe(20);
        var (_, undo) = await shop.GetAsync(Of(change!) + "/undo");
        (await shop.PostAsync(Of(change!) + "/undo", new { why = "x" }, undo)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<string>("SELECT string_agg(coalesce(group_id, 0)::text, '' ORDER BY sku_id) FROM skus WHERE sku_id <= 6")).ShouldBe("222220");
    }

    [Fact]
    public async Task A_part_of_many_kits_that_becomes_scarce_by_a_kits_new_make_waits_and_stock_of_its_own_refuses_it_at_approval()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 14);

        // Thirteen SKUs become one kit each of the first, on stores that show none of them yet.
        await shop.Database.ExecuteAsync("UPDATE positions SET on_hand = 0 WHERE sku_id > 1");
        await shop.Database.ExecuteAsync("UPDATE listing_levels SET belief = 0, target = 0 WHERE sku_id > 1");
        for (var i = 1; i < 11; i++)
        {
            await shop.SendAsync(HttpMethod.Put, $"/api/v1/skus/sku-{i:0000}/components", new { components = new[] { new { sku = "sku-0000", units = 20 } } });
        }

        // All are too large to be made of ten. Two to one makes five of each: nine are made so one by one, the tenth waits.
        HttpStatusCode last = default;
        JsonNode? change = null;
        var done = 1;
        for (; done < 11 && last != HttpStatusCode.Accepted; done++)
        {
            (last, change) = await shop.SendAsync(
                HttpMethod.Put, $"/api/v1/skus/sku-{done:0000}/components", new { components = new[] { new { sku = "sku-0000", units = 2 } } });
        }

        (done - 1, last).ShouldBe((10, HttpStatusCode.Accepted), change?.ToJsonString());
        var (kit, _) = await shop.GetAsync("/api/v1/skus/sku-0010/components");
        ((int)kit["components"]![0]!["units"]!).ShouldBe(20);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM kit_versions WHERE kit_sku_id = 11")).ShouldBe(1);

        // Units leave one of its levels that no order explains: the kit may not change now.
        await shop.Database.ExecuteAsync("UPDATE listing_levels SET suspense = 1 WHERE sku_id = 11");
        var (_, tag) = await shop.GetAsync(Of(change!));
        var (refused, why) = await shop.PostAsync(Of(change!) + "/approve", new { }, tag);
        refused.ShouldBe(HttpStatusCode.Conflict);
        ((string)why!["detail"]!).ShouldContain("no order explains");
        await shop.Database.ExecuteAsync("UPDATE listing_levels SET suspense = 0 WHERE sku_id = 11");
        (await shop.PostAsync(Of(change!) + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<int>("SELECT units FROM sku_components WHERE kit_sku_id = 11")).ShouldBe(2);
    }

    /// <summary>A level's target without a change, and with it.</summary>
    private sealed record Level(int Before, int After);

    private static object Cap(ChangeShop shop, int units) => new { channels = new[] { new { connectionId = shop.Merchant.Connections[0].Value, cap = units } } };

    private static IEnumerable<string> Codes(int count) => Enumerable.Range(0, count).Select(i => $"sku-{i:0000}");

    private static string Of(JsonNode change) => $"/api/v1/changes/{change["id"]}";

    private static Task<long> ChangesAsync(ChangeShop shop) => shop.Database.ScalarAsync<long>("SELECT count(*) FROM bulk_changes");

    private static Task<long> ReplansAsync(ChangeShop shop) => shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'");

    /// <summary>Every level that is shown of a change, over its pages.</summary>
    private static async Task<List<Level>> LevelsAsync(ChangeShop shop, JsonNode change)
    {
        var levels = new List<Level>();
        for (string? cursor = ""; cursor is not null;)
        {
            var (_, page) = await shop.SendAsync(HttpMethod.Get, $"{Of(change)}/levels?limit=15&cursor={cursor}", null);
            levels.AddRange(page!["items"]!.AsArray().Select(l => new Level((int)l!["before"]!, (int)l["after"]!)));
            cursor = (string?)page["next"];
        }

        return levels;
    }
}
