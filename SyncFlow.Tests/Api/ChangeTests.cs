using System.Net;
using System.Net.Http.Headers;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ChangeTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_small_change_is_done_at_once_taken_back_and_done_again()
    {
        await using var shop = await ShopAsync(skus: 40);
        var (status, change) = await shop.PostAsync("/api/v1/changes/adjustments", Adjustments(3, 5));
        status.ShouldBe(HttpStatusCode.OK, change?.ToJsonString());
        ((string)change!["state"]!).ShouldBe("applied");
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0)).ShouldBe(15);

        var (preview, tag) = await shop.GetAsync($"/api/v1/changes/{change["id"]}/undo");
        preview["effects"]!.AsArray().Count.ShouldBe(6, "three SKUs on two stores");
        preview["blocks"]!.AsArray().ShouldBeEmpty();
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/undo", new { why = "wrong file" })).Status.ShouldBe(HttpStatusCode.BadRequest, "nobody undoes what he has not looked at");
        var (undone, answer) = await shop.PostAsync($"/api/v1/changes/{change["id"]}/undo", new { why = "wrong file" }, tag);
        undone.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0)).ShouldBe(10);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE sku_id = $1", shop.Merchant.Skus[0].Value)).ShouldBe(3, "nothing is deleted");
        ((string)(await shop.GetAsync($"/api/v1/changes/{change["id"]}")).Body["state"]!).ShouldBe("undone");

        var undo = answer!["change"]!["id"]!;
        var (_, again) = await shop.GetAsync($"/api/v1/changes/{undo}/undo");
        (await shop.PostAsync($"/api/v1/changes/{undo}/undo", new { why = "it was right" }, again)).Status.ShouldBe(HttpStatusCode.OK, "an undo can be taken back");
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0)).ShouldBe(15);
    }

    [Fact]
    public async Task A_mass_change_waits_with_nothing_done_and_does_what_was_shown_once_approved()
    {
        await using var shop = await ShopAsync(skus: 40);
        var (status, change) = await shop.PostAsync("/api/v1/changes/adjustments", Adjustments(20, -10));
        status.ShouldBe(HttpStatusCode.Accepted, change?.ToJsonString());
        ((string)change!["state"]!).ShouldBe("waiting");
        ((string)change["trip"]!).ShouldContain("empties 20 of 40");
        change["impact"]!.AsArray().Count.ShouldBe(2);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(0);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'mass-change' AND closed_at IS NULL")).ShouldBe(1);

        var (_, tag) = await shop.GetAsync($"/api/v1/changes/{change["id"]}");
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/approve", new { note = "yes" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/approve", new { note = "yes" }, tag)).Status.ShouldBe(HttpStatusCode.Conflict, "once");
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0)).ShouldBe(0);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target = 0")).ShouldBe(40);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task An_approval_of_what_is_not_so_any_more_does_nothing_and_shows_it_anew()
    {
        await using var shop = await ShopAsync(skus: 40);
        var (_, change) = await shop.PostAsync("/api/v1/changes/adjustments", Adjustments(20, -10));
        var (_, tag) = await shop.GetAsync($"/api/v1/changes/{change!["id"]}");

        // A receipt on one of the SKUs: the change would not empty its levels any more.
        await shop.PostAsync("/api/v1/changes/adjustments", Adjustments(1, 30));
        await shop.ApplyAsync();
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await shop.OnHandAsync(1)).ShouldBe(10, "nothing was done");
        var (now, newTag) = await shop.GetAsync($"/api/v1/changes/{change["id"]}");
        ((int)now["impact"]![0]!["zeroed"]!).ShouldBe(19);
        newTag.ShouldNotBe(tag);
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/reject", new { note = "no" }, newTag)).Status.ShouldBe(HttpStatusCode.OK);
        await shop.ApplyAsync();
        (await shop.OnHandAsync(1)).ShouldBe(10);
    }

    [Fact]
    public async Task A_mass_change_in_small_bites_is_one()
    {
        await using var shop = await ShopAsync(skus: 40);
        (await shop.PostAsync("/api/v1/changes/sku-policies", Policies(0, 6, 2))).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.PostAsync("/api/v1/changes/sku-policies", Policies(0, 6, 3))).Status.ShouldBe(HttpStatusCode.OK, "the same levels again");
        (await shop.PostAsync("/api/v1/changes/sku-policies", Policies(6, 6, 2))).Status.ShouldBe(HttpStatusCode.Accepted, "12 of 40 within the window");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE safety_buffer > 0")).ShouldBe(6);
    }

    [Fact]
    public async Task Settings_are_put_back_and_not_where_somebody_changed_them_since()
    {
        await using var shop = await ShopAsync(skus: 40);
        var (_, first) = await shop.PostAsync("/api/v1/changes/sku-policies", Policies(0, 3, 4));
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE safety_buffer = 4")).ShouldBe(3);
        var (_, tag) = await shop.GetAsync($"/api/v1/changes/{first!["id"]}/undo");
        await shop.Database.ExecuteAsync("UPDATE skus SET safety_buffer = 9 WHERE sku_id = $1", shop.Merchant.Skus[1].Value);
        var (refused, why) = await shop.PostAsync($"/api/v1/changes/{first["id"]}/undo", new { why = "x" }, tag);
        refused.ShouldBe(HttpStatusCode.Conflict);
        ((string)why!["detail"]!).ShouldContain("sku-0001");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE safety_buffer = 4")).ShouldBe(2, "whole or not at all");

        await shop.Database.ExecuteAsync("UPDATE skus SET safety_buffer = 4 WHERE sku_id = $1", shop.Merchant.Skus[1].Value);
        (await shop.PostAsync($"/api/v1/changes/{first["id"]}/undo", new { why = "x" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE safety_buffer <> 0")).ShouldBe(0);
    }

    [Fact]
    public async Task Units_sold_since_are_not_taken_back_from_under_their_buyers()
    {
        await using var shop = await ShopAsync(skus: 40);
        var (_, change) = await shop.PostAsync("/api/v1/changes/adjustments", Adjustments(2, 5));
        await shop.ApplyAsync();
        await shop.Database.ExecuteAsync(
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            VALUES ($1, $2, $3, 2, 12, 2, 'order:1:77', now(), now())
            """,
            shop.Merchant.Tenant.Value, shop.Merchant.Skus[1].Value, shop.Merchant.Location.Value);
        await shop.Database.ExecuteAsync("UPDATE positions SET committed = 12 WHERE sku_id = $1", shop.Merchant.Skus[1].Value);
        var (preview, tag) = await shop.GetAsync($"/api/v1/changes/{change!["id"]}/undo");
        var block = preview["blocks"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)block["sku"]!).ShouldBe("sku-0001");
        ((int)block["short"]!).ShouldBe(2, "15 there, 12 sold, 5 to be taken");
        ((string)block["orders"]![0]!).ShouldBe("order:1:77");
        (await shop.PostAsync($"/api/v1/changes/{change["id"]}/undo", new { why = "x" }, tag)).Status.ShouldBe(HttpStatusCode.Conflict);
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0)).ShouldBe(15, "whole or not at all");
    }

    [Theory]
    [InlineData("""{"items":[{"sku":"sku-0000","location":"MAIN","units":1}]}""", "why")]
    [InlineData("""{"why":"x","items":[]}""", "items")]
    [InlineData("""{"why":"x","items":[null]}""", "items")]
    [InlineData("""{"why":"x","items":[{"sku":"nope","location":"MAIN","units":1}]}""", "items[0].sku")]
    [InlineData("""{"why":"x","items":[{"sku":"sku-0000","location":"nope","units":1}]}""", "items[0].location")]
    [InlineData("""{"why":"x","items":[{"sku":"sku-0000","location":"MAIN","units":0}]}""", "items[0].units")]
    [InlineData("""{"why":"x","items":[{"sku":"sku-0000","location":"MAIN","units":1.5}]}""", "items[0].units")]
    [InlineData("""{"why":"x","items":[{"sku":"sku-0000","location":"MAIN","units":10000001}]}""", "items[0].units")]
    public async Task A_wrong_item_names_its_field_and_nothing_is_done(string body, string field)
    {
        await using var shop = await ShopAsync(skus: 1);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/changes/adjustments") { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
        var (status, problem) = await shop.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Single().Key.ShouldBe(field);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM bulk_changes")).ShouldBe(0);
    }

    private static object Adjustments(int count, int units) => new
    {
        why = "cycle count",
        items = Enumerable.Range(0, count).Select(i => new { sku = $"sku-{i:0000}", location = "MAIN", units }),
    };

    private static object Policies(int from, int count, int buffer) => new
    {
        why = "season",
        items = Enumerable.Range(from, count).Select(i => new { sku = $"sku-{i:0000}", safetyBuffer = buffer }),
    };

    private Task<ChangeShop> ShopAsync(int skus) => ChangeShop.StartAsync(postgres, redis, skus);
}
