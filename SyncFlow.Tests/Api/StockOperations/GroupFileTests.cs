using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

/// <summary>Which SKUs are in which group, as a file out and in.</summary>
public sealed class GroupFileTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/sku-groups/members/csv";

    [Fact]
    public async Task A_file_puts_SKUs_into_groups_and_takes_them_out_as_one_change_that_can_be_taken_back()
    {
        await using var app = await StartAsync();
        var (status, report) = await app.PostCsvAsync(Path, "sku,group", "A,SHIRTS", "'=B,shirts", "C,CAPS");
        status.ShouldBe(HttpStatusCode.OK, report?.ToJsonString());
        ((int)report!["rows"]!, (int)report["accepted"]!).ShouldBe((3, 3));
        (await app.CsvAsync(Path)).ShouldBe(["sku,group,groupName,wasGroup", "'=B,SHIRTS,All shirts,SHIRTS", "A,SHIRTS,All shirts,SHIRTS", "C,CAPS,,CAPS"]);

        (await app.PostCsvAsync(Path, "sku,group", "A,CAPS", "C,")).Status.ShouldBe(HttpStatusCode.OK);
        (await app.CsvAsync(Path)).Skip(1).ShouldBe(["'=B,SHIRTS,All shirts,SHIRTS", "A,CAPS,,CAPS"], "who is not named stays");
        (await app.PostCsvAsync(Path, await app.CsvAsync(Path))).Status.ShouldBe(HttpStatusCode.OK, "what was handed out is taken in again");
        (await app.SqlAsync<long>("SELECT count(*) FROM bulk_changes")).ShouldBe(2, "one change a file, and none where nothing changes");
        var last = await app.SqlAsync<long>("SELECT max(change_id) FROM bulk_changes");
        (await app.GetAsync($"/api/v1/changes/{last}"))["why"]?.ToString().ShouldBe("SKUs of groups, by file");
        using var other = await app.OtherTenantAsync();
        (await other.GetStringAsync(Path, TestContext.Current.CancellationToken)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_dry_run_or_a_wrong_row_changes_nothing()
    {
        await using var app = await StartAsync();
        var (status, looked) = await app.PostCsvAsync(Path + "?dryRun=true", "sku,group", "A,SHIRTS", "Z,SHIRTS");
        status.ShouldBe(HttpStatusCode.OK);
        ((bool)looked!["dryRun"]!, (int)looked["accepted"]!, (int)looked["refused"]!).ShouldBe((true, 1, 1));

        var (refused, problem) = await app.PostCsvAsync(Path, "sku,group", "A,SHIRTS", "Z,SHIRTS", "=B,NONE", "a,CAPS");
        refused.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["line 3: sku", "line 4: group", "line 5: sku"]);
        (await app.CsvAsync(Path)).ShouldHaveSingleItem();
        (await app.CsvAsync("/api/v1/csv-templates/sku-group-members")).ShouldBe(["sku,group,groupName,wasGroup", "SHIRT-M,SHIRTS,,"]);
    }

    [Fact]
    public async Task A_SKU_that_somebody_moved_since_the_export_is_not_moved_by_the_file()
    {
        await using var app = await StartAsync();
        await app.PostCsvAsync(Path, "sku,group", "A,SHIRTS", "C,SHIRTS");
        string[] file = ["sku,group,wasGroup", "A,CAPS,SHIRTS", "C,,shirts"];
        await app.PostCsvAsync(Path, "sku,group", "C,CAPS");
        var (refused, problem) = await app.PostCsvAsync(Path, file);
        (refused, problem!["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, "line 3: wasGroup"));
        (await app.CsvAsync(Path)).Skip(1).ShouldBe(["A,SHIRTS,All shirts,SHIRTS", "C,CAPS,,CAPS"], "all rows or none");

        await app.PostCsvAsync(Path, "sku,group,wasGroup", "C,SHIRTS,CAPS");
        (await app.PostCsvAsync(Path, file)).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostCsvAsync(Path, file)).Status.ShouldBe(HttpStatusCode.OK, "a file sent again says what stands");
        (await app.CsvAsync(Path)).Skip(1).ShouldBe(["A,CAPS,,CAPS"]);
    }

    private async Task<ApiApp> StartAsync()
    {
        var app = await ApiApp.StartAsync(postgres, redis);
        foreach (var code in new[] { "A", "=B", "C" })
        {
            await app.PostAsync("/api/v1/skus", new { code });
        }

        await app.PostAsync("/api/v1/sku-groups", new { code = "SHIRTS", name = "All shirts" });
        await app.PostAsync("/api/v1/sku-groups", new { code = "CAPS" });
        return app;
    }
}
