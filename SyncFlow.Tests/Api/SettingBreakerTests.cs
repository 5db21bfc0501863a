using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Brakes;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Single settings that would move many levels wait for approval: a location's, a SKU's, and who is the authority.</summary>
public sealed class SettingBreakerTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_location_that_is_opened_to_online_orders_fills_no_shop_before_somebody_said_so_and_can_be_closed_again()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        await shop.Database.ExecuteAsync("UPDATE locations SET fulfills_online = false");
        await shop.Database.ExecuteAsync("UPDATE listing_levels SET belief = 0, target = NULL");
        var path = $"/api/v1/locations/{shop.Merchant.Location.Value}";
        var (_, preview) = await shop.SendAsync(HttpMethod.Patch, path + "?preview=true", new { fulfillsOnline = true, name = "not now" });
        ((string)preview!["trip"]!).ShouldContain("touches 40 of 40", Case.Sensitive, preview.ToJsonString());
        ((int)preview["writes"]!["total"]!).ShouldBe(80);

        var (status, change) = await shop.SendAsync(HttpMethod.Patch, path, new { fulfillsOnline = true, name = "Main store" });
        status.ShouldBe(HttpStatusCode.Accepted, change?.ToJsonString());
        ((string)change!["kind"]!, (bool)change["rule"]!["fulfillsOnline"]!).ShouldBe(("location", true));
        (await shop.Database.ScalarAsync<string>("SELECT fulfills_online || name FROM locations")).ShouldBe("falseMain store", "a name moves no level, and waits for none");
        (await OpenAsync(shop)).ShouldBe((false, 0));

        var (_, tag) = await shop.GetAsync(Of(change));
        (await shop.PostAsync(Of(change) + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(shop)).ShouldBe((true, 1));
        var (undo, undoTag) = await shop.GetAsync(Of(change) + "/undo");
        undo["blocks"]!.AsArray().ShouldBeEmpty();
        (await shop.PostAsync(Of(change) + "/undo", new { why = "the wrong one" }, undoTag)).Status.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(shop)).ShouldBe((false, 2));
    }

    [Fact]
    public async Task What_a_preview_sets_to_look_at_it_stays_unset()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 3);
        var path = $"/api/v1/locations/{shop.Merchant.Location.Value}";
        await shop.SendAsync(HttpMethod.Patch, path + "?preview=true", new { fulfillsOnline = false });
        (await OpenAsync(shop)).ShouldBe((true, 0));
        var (status, now) = await shop.SendAsync(HttpMethod.Patch, path, new { fulfillsOnline = false });
        (status, (bool)now!["fulfillsOnline"]!).ShouldBe((HttpStatusCode.OK, false), "nothing is written to a level of a place that ships no online orders");
        (await OpenAsync(shop)).ShouldBe((false, 1));
        (await shop.SendAsync(HttpMethod.Patch, path, new { fulfillsOnline = false })).Status.ShouldBe(HttpStatusCode.OK);
        (await OpenAsync(shop)).ShouldBe((false, 1), "what stands already is not planned again");
    }

    [Fact]
    public async Task Settings_of_one_SKU_after_another_are_one_mass_change_and_each_can_be_taken_back()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        HttpStatusCode last = default;
        JsonNode? answer = null;
        var told = 0;
        for (; told < 40 && last != HttpStatusCode.Accepted; told++)
        {
            (last, answer) = await shop.SendAsync(HttpMethod.Patch, $"/api/v1/skus/sku-{told:0000}", new { safetyBuffer = 4 });
        }

        (told, last).ShouldBe((10, HttpStatusCode.Accepted), answer?.ToJsonString());
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE safety_buffer = 4")).ShouldBe(9);
        (await shop.SendAsync(HttpMethod.Patch, "/api/v1/skus/sku-0020", new { title = "A title" })).Status.ShouldBe(HttpStatusCode.OK);

        var (first, tag) = await shop.GetAsync("/api/v1/changes/1/undo");
        first["effects"]!.AsArray().Count.ShouldBe(2);
        (await shop.PostAsync("/api/v1/changes/1/undo", new { why = "x" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<int>("SELECT safety_buffer FROM skus WHERE sku_id = 1")).ShouldBe(0);
    }

    [Fact]
    public async Task A_setting_of_a_SKU_that_somebody_else_changed_is_refused()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        var (_, tag) = await shop.GetAsync("/api/v1/skus/sku-0000");
        (await shop.SendAsync(HttpMethod.Patch, "/api/v1/skus/sku-0000", new { safetyBuffer = 1 }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.SendAsync(HttpMethod.Patch, "/api/v1/skus/sku-0000", new { safetyBuffer = 2 }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
    }

    [Fact]
    public async Task A_call_for_a_location_that_somebody_else_changed_is_refused_whole()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 3);
        var path = $"/api/v1/locations/{shop.Merchant.Location.Value}";
        var (_, tag) = await shop.GetAsync(path);
        (await shop.SendAsync(HttpMethod.Patch, path, new { offersPickup = true }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var body in new object[]
        {
            new { name = "Old", inspectReturns = true }, new { name = "Old", fulfillsOnline = false }, new { name = "Old", poolGroup = 7 }, new { fulfillsOnline = false },
        })
        {
            (await shop.SendAsync(HttpMethod.Patch, path, body, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed, body.ToString());
            (await shop.SendAsync(HttpMethod.Patch, path + "?preview=true", body, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed, body.ToString());
        }

        (await shop.Database.ScalarAsync<bool>("SELECT name <> 'Old' AND NOT inspect_returns AND fulfills_online AND pool_group <> 7 FROM locations")).ShouldBeTrue();
        var (_, now) = await shop.GetAsync(path);
        now.ShouldNotBe(tag);
        var (status, both) = await shop.SendAsync(HttpMethod.Patch, path, new { name = "New", fulfillsOnline = false }, now);
        (status, (string)both!["name"]!, (bool)both["fulfillsOnline"]!).ShouldBe((HttpStatusCode.OK, "New", false));
    }

    [Fact]
    public async Task Settings_and_title_of_a_SKU_are_set_together_or_not_at_all_and_a_title_waits_for_nothing()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        var (desk, tenant, sku) = (shop.App.Services.GetRequiredService<ChangeDesk>(), shop.Merchant.Tenant.Value, shop.Merchant.Skus[0]);
        var title = await shop.Database.ScalarAsync<string>("SELECT title FROM skus");
        var now = await shop.Database.ScalarAsync<int>("SELECT safety_buffer FROM skus");
        var read = new SkuPolicyItem(sku, SharingMode.Shared, now, await shop.Database.ScalarAsync<int>("SELECT risk_budget FROM skus"));
        var wanted = new SkuPolicyItem(sku, null, 4, null);
        Task<ChangeView?> ProposeAsync(SkuPolicyItem expected, NewTitle to) => desk.ProposeAsync(tenant, wanted, expected, to, "test", "clerk", CancellationToken.None);
        Task<bool> StandsAsync(string named, int buffer) => shop.Database.ScalarAsync<bool>("SELECT title = $1 AND safety_buffer = $2 FROM skus", named, buffer);

        (await ProposeAsync(read with { SafetyBuffer = 9 }, new NewTitle(title, "Other"))).ShouldBeNull("somebody changed the settings meanwhile");
        (await StandsAsync(title, now)).ShouldBeTrue("so the title stays too");
        (await ProposeAsync(read, new NewTitle("what was read", "Other"))).ShouldBeNull("somebody changed the title meanwhile");
        (await StandsAsync(title, now)).ShouldBeTrue("so the settings stay too");
        (await ProposeAsync(read, new NewTitle(title, "Other"))).ShouldNotBeNull();
        (await StandsAsync("Other", 4)).ShouldBeTrue();
    }

    [Fact]
    public async Task Who_is_the_authority_is_a_change_that_is_told_before_and_taken_back_after()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 12);
        var owner = new { owner = "connection", connectionId = shop.Merchant.Connections[0].Value };
        var (_, preview) = await shop.SendAsync(HttpMethod.Put, "/api/v1/authority-rules?preview=true", owner);
        preview!["writes"].ShouldNotBeNull(preview.ToJsonString());
        (await RulesAsync(shop)).ShouldBe(0);

        var (status, rule) = await shop.SendAsync(HttpMethod.Put, "/api/v1/authority-rules", owner);
        status.ShouldBe(HttpStatusCode.OK, rule?.ToJsonString());
        (await shop.SendAsync(HttpMethod.Put, "/api/v1/authority-rules", owner)).Status.ShouldBe(HttpStatusCode.OK, "it stands already");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM bulk_changes")).ShouldBe(1);
        (await shop.SendAsync(HttpMethod.Delete, $"/api/v1/authority-rules/{rule!["id"]}", null)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await RulesAsync(shop)).ShouldBe(0);
        var (_, tag) = await shop.GetAsync("/api/v1/changes/2/undo");
        (await shop.PostAsync("/api/v1/changes/2/undo", new { why = "x" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await RulesAsync(shop)).ShouldBe(1);
    }

    private static Task<long> RulesAsync(ChangeShop shop) => shop.Database.ScalarAsync<long>("SELECT count(*) FROM authority_rules");

    private static string Of(JsonNode change) => $"/api/v1/changes/{change["id"]}";

    /// <summary>Whether the location ships online orders, and how often its SKUs were to be planned again.</summary>
    private static async Task<(bool Open, long Replans)> OpenAsync(ChangeShop shop) => (
        await shop.Database.ScalarAsync<bool>("SELECT fulfills_online FROM locations"),
        await shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'"));
}
