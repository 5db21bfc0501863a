using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>
/// Corrections and counts of many SKUs are booked and raise no level until a person decided; what they lower goes down at once.
/// </summary>
public sealed class FactsBreakerTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_list_of_corrections_is_booked_lowers_at_once_and_raises_nothing_before_it_is_approved()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var (status, answer) = await shop.PostAsync("/api/v1/stock-operations", new { items = Items(0, 20, 5).Append(Item(20, -4)) });
        status.ShouldBe(HttpStatusCode.Accepted, answer?.ToJsonString());
        ((int)answer!["accepted"]!).ShouldBe(21);
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0), await shop.OnHandAsync(20)).ShouldBe((15, 6), "facts are in the ledger");
        (await TargetsAsync(shop)).ShouldBe("6 6 10 10", "the correction downwards goes out, none of the others does");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'mass-change' AND closed_at IS NULL")).ShouldBe(1);

        var path = $"/api/v1/changes/{answer["changeId"]}";
        var (change, tag) = await shop.GetAsync(path);
        ((string)change["kind"]!, (string)change["state"]!, (int)change["impact"]![0]!["touched"]!).ShouldBe(("stockFacts", "waiting", 20));
        ((string)change["trip"]!).ShouldContain("touches 20 of 40");
        (await LevelsAsync(shop, path)).ShouldAllBe(l => l == new Level(10, 15));

        (await shop.PostAsync(path + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await HeldAsync(shop)).ShouldBe(0);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(1);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(0);

        var (undo, undoTag) = await shop.GetAsync(path + "/undo");
        undo["blocks"]!.AsArray().ShouldBeEmpty(undo.ToJsonString());
        (await shop.PostAsync(path + "/undo", new { why = "wrong file" }, undoTag)).Status.ShouldBe(HttpStatusCode.OK);
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0), await shop.OnHandAsync(20)).ShouldBe((10, 10), "all that was somebody's word is taken back");
    }

    [Fact]
    public async Task Corrections_that_are_rejected_are_taken_back_before_anything_may_rise_by_them()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var (_, answer) = await shop.PostAsync("/api/v1/stock-operations", new { items = Items(0, 20, 5) });
        var path = $"/api/v1/changes/{answer!["changeId"]}";
        var (_, tag) = await shop.GetAsync(path);
        (await shop.PostAsync(path + "/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.Conflict, "nothing of it is booked yet");
        await shop.ApplyAsync();

        var (status, problem) = await shop.PostAsync(path + "/reject", new { note = "no" }, tag);
        status.ShouldBe(HttpStatusCode.Conflict, problem?.ToJsonString());
        ((string)problem!["detail"]!).ShouldContain("not in the ledger yet");
        (await HeldAsync(shop)).ShouldBe(20, "held until it is taken back");
        await shop.ApplyAsync();
        (await shop.PostAsync(path + "/reject", new { note = "no" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await HeldAsync(shop)).ShouldBe(0);
        (await shop.OnHandAsync(0)).ShouldBe(10);
        (await TargetsAsync(shop)).ShouldBe("10 10 10 10");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE sku_id = 1 AND reason = 10")).ShouldBe(2, "nothing is deleted");
    }

    [Fact]
    public async Task A_file_of_counts_is_one_cause_is_told_before_and_held_from_its_first_row()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var file = new StringBuilder("key,sku,location,counted\n");
        for (var i = 0; i < 40; i++)
        {
            file.Append(CultureInfo.InvariantCulture, $"c{i},sku-{i:0000},MAIN,{(i < 25 ? 1_000 : 3)}\n");
        }

        var (checkedOnly, told) = await FileAsync(shop, "/api/v1/counts/csv?dryRun=true", file.ToString());
        checkedOnly.ShouldBe(HttpStatusCode.OK);
        ((string)told!["trip"]!).ShouldContain("touches 25 of 40", Case.Sensitive, told.ToJsonString());
        (await HeldAsync(shop), await shop.Database.ScalarAsync<long>("SELECT count(*) FROM bulk_changes")).ShouldBe((0, 0));

        var (status, report) = await FileAsync(shop, "/api/v1/counts/csv", file.ToString());
        status.ShouldBe(HttpStatusCode.Accepted, report?.ToJsonString());
        await shop.ApplyAsync();
        (await shop.OnHandAsync(0), await shop.OnHandAsync(39)).ShouldBe((1_000, 3));
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target > 10")).ShouldBe(0);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target = 3")).ShouldBe(30, "what is not there is not shown for as long as a person thinks");

        var (again, repeated) = await FileAsync(shop, "/api/v1/counts/csv", file.ToString());
        (again, (int)repeated!["known"]!).ShouldBe((HttpStatusCode.OK, 40), "sent again, it is known, and no second change");
        var path = $"/api/v1/changes/{report!["changeId"]}";
        var (_, tag) = await shop.GetAsync(path);
        await shop.PostAsync(path + "/reject", new { note = "a column too many" }, tag);
        await shop.ApplyAsync();
        (await shop.PostAsync(path + "/reject", new { note = "a column too many" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await shop.OnHandAsync(0), await shop.OnHandAsync(39)).ShouldBe((10, 10), "as if nobody had counted");
        (await HeldAsync(shop)).ShouldBe(0);
    }

    [Fact]
    public async Task What_happened_is_never_held_however_much_it_raises()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var items = Enumerable.Range(0, 40).Select(i => new { key = $"r{i}", kind = i % 2 == 0 ? "receipt" : "return", sku = $"sku-{i:0000}", location = "MAIN", units = 7 });
        var (status, answer) = await shop.PostAsync("/api/v1/stock-operations", new { items });
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        await shop.ApplyAsync();
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target = 17")).ShouldBe(80);

        var lost = Enumerable.Range(0, 40).Select(i => new { key = $"w{i}", kind = "writeOff", sku = $"sku-{i:0000}", location = "MAIN", units = 17, reason = "fire" });
        (await shop.PostAsync("/api/v1/stock-operations", new { items = lost })).Status.ShouldBe(HttpStatusCode.OK);
        await shop.ApplyAsync();
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target = 0")).ShouldBe(80);
    }

    [Fact]
    public async Task Corrections_one_by_one_are_one_cause_and_more_of_it_joins_what_waits()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        var answers = new List<JsonNode>();
        for (var i = 0; i < 12; i++)
        {
            var (_, answer) = await shop.PostAsync(
                "/api/v1/stock-movements", new { sku = $"sku-{i:0000}", location = "MAIN", kind = "adjustment", units = 1, reason = "found", key = $"k{i}" });
            answers.Add(answer!);
            await shop.ApplyAsync();
        }

        answers.Select(a => (long?)a["changeId"]).ShouldBe([null, null, null, null, null, null, null, null, null, 1L, 1L, 1L]);
        (await HeldAsync(shop)).ShouldBe(3);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE target = 11")).ShouldBe(18, "nine on two stores");
        (await LevelsAsync(shop, "/api/v1/changes/1")).Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_SKU_that_two_changes_hold_is_held_until_both_are_decided()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 40);
        await shop.PostAsync("/api/v1/stock-operations", new { items = Items(0, 20, 5) });
        await shop.ApplyAsync();
        await shop.Database.ExecuteAsync("UPDATE bulk_changes SET created_at = created_at - interval '1 hour'");
        var (_, second) = await shop.PostAsync("/api/v1/stock-operations", new { items = Items(10, 20, 5, "again") });
        ((long)second!["changeId"]!).ShouldBe(2);
        await shop.ApplyAsync();
        (await HeldAsync(shop)).ShouldBe(30);

        var (_, tag) = await shop.GetAsync("/api/v1/changes/1");
        (await shop.PostAsync("/api/v1/changes/1/approve", new { }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await HeldAsync(shop)).ShouldBe(20);
    }

    private sealed record Level(int Before, int After);

    private static object Item(int sku, int units, string key = "a") =>
        new { key = $"{key}{sku}", kind = "adjustment", sku = $"sku-{sku:0000}", location = "MAIN", units, reason = "found" };

    private static IEnumerable<object> Items(int from, int count, int units, string key = "a") => Enumerable.Range(from, count).Select(i => Item(i, units, key));

    private static Task<long> HeldAsync(ChangeShop shop) => shop.Database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE raises_held");

    /// <summary>The lowest two and the highest two targets.</summary>
    private static Task<string> TargetsAsync(ChangeShop shop) => shop.Database.ScalarAsync<string>(
        "SELECT format('%s %s %s %s', t[1], t[2], t[79], t[80]) FROM (SELECT array_agg(target ORDER BY target) AS t FROM listing_levels) a");

    private static async Task<List<Level>> LevelsAsync(ChangeShop shop, string change)
    {
        var (_, page) = await shop.SendAsync(HttpMethod.Get, change + "/levels?limit=100", null);
        return [.. page!["items"]!.AsArray().Select(l => new Level((int)l!["before"]!, (int)l["after"]!))];
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> FileAsync(ChangeShop shop, string path, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(text, Encoding.UTF8, "text/csv") };
        return await shop.SendAsync(request);
    }
}
