using System.Net;
using Npgsql;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

/// <summary>Units set aside as a file out and in.</summary>
public sealed class AsideFileTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/set-asides/csv";

    [Fact]
    public async Task What_was_exported_and_filled_in_is_set_aside_once_and_not_again_after_a_sale()
    {
        await using var shop = await BesideATillAsync();
        var before = await OutAsync(shop);
        before.Select(r => string.Join(',', [.. r[..3], r[4]])).ShouldBe(["A,MAIN,0,10", "A,SIDE,0,4", "B,MAIN,0,7"], "on MAIN and SIDE a till sells; B was counted on one");
        var file = before.Select(r => string.Join(',', r[0], r[1], r[1] == "SIDE" ? 1 : 5, r[3])).Prepend("sku,location,units,version").ToArray();

        var (looked, report) = await shop.Api.PostCsvAsync(Path + "?dryRun=true", file);
        (looked, (int)report!["accepted"]!).ShouldBe((HttpStatusCode.OK, 3), report.ToJsonString());
        (await OutAsync(shop)).ShouldAllBe(r => r[2] == "0");
        (await shop.Api.PostCsvAsync(Path, file)).Status.ShouldBe(HttpStatusCode.OK);
        (await OutAsync(shop)).Select(r => string.Join(',', [.. r[..3], r[4]])).ShouldBe(["A,MAIN,5,5", "A,SIDE,1,3", "B,MAIN,5,2"]);

        // The answer was lost; three of A are sold before the file is sent again.
        (await shop.Api.PostAsync("/api/v1/reservations", new
        {
            reference = "cart",
            expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
            lines = new[] { new { sku = "A", units = 3, location = "MAIN" } },
        })).Status.ShouldBe(HttpStatusCode.Created);
        var (status, problem) = await shop.Api.PostCsvAsync(Path, file);
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["line 2: version"], "of the others stands what the file says");
        (await OutAsync(shop)).Select(r => r[2]).ShouldBe(["2", "1", "5"]);
    }

    [Fact]
    public async Task A_file_whose_answer_was_lost_is_known_and_changes_nothing()
    {
        await using var shop = await BesideATillAsync();
        var file = (await OutAsync(shop)).Select(r => string.Join(',', r[0], r[1], 3, r[3])).Prepend("sku,location,units,version").ToArray();
        var (_, first) = await shop.Api.PostCsvAsync(Path, file);
        ((int)first!["accepted"]!, (int)first["known"]!).ShouldBe((3, 0));
        var stands = await OutAsync(shop);
        var (status, again) = await shop.Api.PostCsvAsync(Path, file);
        (status, (int)again!["accepted"]!, (int)again["known"]!).ShouldBe((HttpStatusCode.OK, 0, 3), again.ToJsonString());
        (await OutAsync(shop)).Select(r => string.Join(',', r)).ShouldBe(stands.Select(r => string.Join(',', r)), "its versions too");
    }

    [Fact]
    public async Task A_sale_between_the_two_passes_takes_the_whole_file_back()
    {
        await using var shop = await BesideATillAsync();
        var file = (await OutAsync(shop)).Select(r => string.Join(',', r[0], r[1], 3, r[3])).Prepend("sku,location,units,version").ToArray();
        await using var other = new NpgsqlConnection(shop.Api.Database);
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var sale = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await RunAsync("SELECT 1 FROM sku_state k JOIN skus s USING (tenant_id, sku_id) WHERE s.code = 'B' FOR UPDATE OF k");
        var sent = shop.Api.PostCsvAsync(Path, file);
        await Waits.UntilAsync(
            async () => await shop.Api.SqlAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0,
            "the second pass, which waits for B");
        await RunAsync(
            """
            INSERT INTO pool_openings (tenant_id, sku_id, location_id, opened, set_aside, at)
            SELECT o.tenant_id, o.sku_id, o.location_id, true, 0, now() FROM pool_openings o JOIN skus s USING (tenant_id, sku_id) WHERE s.code = 'B'
            """);
        await sale.CommitAsync(TestContext.Current.CancellationToken);

        var (status, problem) = await sent;
        status.ShouldBe(HttpStatusCode.BadRequest, problem?.ToJsonString());
        ((string)problem!["detail"]!).ShouldStartWith("1 of 3 rows are refused, nothing was taken in; line 4, version");
        (await OutAsync(shop)).ShouldAllBe(r => r[2] == "0");

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, other, sale);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_wrong_row_is_refused_by_its_column_and_nothing_is_taken_in()
    {
        await using var shop = await BesideATillAsync();
        var version = (await OutAsync(shop))[0][3];
        var (status, problem) = await shop.Api.PostCsvAsync(
            Path, "sku,location,units,version", $"A,MAIN,5,{version}", $"A,MAIN,4,{version}", $"A,SIDE,5,{version}", $"A,SIDE,-1,{version}", "Z,MOON,1.5,1",
            "B,MAIN,1,0", "B,MAIN,1,");
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(
            ["line 3: sku", "line 4: units", "line 5: units", "line 6: sku", "line 6: location", "line 6: units", "line 7: version", "line 8: version"]);
        (await OutAsync(shop)).ShouldAllBe(r => r[2] == "0");
        (await shop.Api.CsvAsync("/api/v1/csv-templates/set-asides"))[0].ShouldBe("sku,location,units,version,outside");
        using var other = await shop.Api.OtherTenantAsync();
        (await other.GetStringAsync(Path, TestContext.Current.CancellationToken)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
    }

    /// <summary>The rows that are handed out, by cell.</summary>
    private static async Task<List<string[]>> OutAsync(Warehouse shop) => [.. (await shop.Api.CsvAsync(Path)).Skip(1).Select(l => l.Split(','))];

    private async Task<Warehouse> BesideATillAsync()
    {
        var shop = await Warehouse.OpenAsync(postgres, redis);
        await shop.DoAsync("/counts", new
        {
            items = new[]
            {
                new { key = "a", sku = "A", location = "MAIN", counted = 10 }, new { key = "s", sku = "A", location = "SIDE", counted = 4 },
                new { key = "b", sku = "B", location = "MAIN", counted = 7 },
            },
        });
        await shop.Api.ConnectAsync();
        await shop.Api.SqlAsync<long>(
            """
            WITH till AS (UPDATE connections SET status = 3, settings = '{"uncappable":true}' RETURNING tenant_id, connection_id)
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, active, fulfills_online, location_id, updated_at)
            SELECT t.tenant_id, connection_id, 'x' || location_id, 'Till', true, true, location_id, now() FROM till t, locations RETURNING 1::bigint
            """);
        return shop;
    }
}
