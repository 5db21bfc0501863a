using System.Globalization;
using System.Net;
using System.Text;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Full refreshes and history by file, from the upload to the ledger.</summary>
public sealed class FileTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Header = "sku,location,onHand\n";

    [Fact]
    public async Task A_full_refresh_is_booked_whole_and_what_it_leaves_out_has_no_units()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var file = await stand.RefreshAsync(1, Header + "A,1000,10\nB,1000,4\n");
        ((string)file["state"]!, (int)file["rows"]!).ShouldBe(("applying", 2));
        await stand.FilesAsync();
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("B", "MAIN"))).ShouldBe((10, 4));
        var done = await stand.FileAsync((long)file["id"]!);
        ((string)done["state"]!, (int)done["accepted"]!, (int)done["percent"]!).ShouldBe(("applied", 2, 100));

        await stand.ApprovedAsync(await stand.RefreshAsync(2, Header + "A,1000,9\n"));
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("B", "MAIN"))).ShouldBe((9, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public async Task C27_An_empty_or_shrunken_feed_changes_nothing_until_a_person_approves_it(int listed)
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.SkusAsync(1_200);
        await stand.RefreshAsync(1, Header + Rows(1_200));
        await stand.FilesAsync();
        (await stand.UnitsAsync()).ShouldBe(12_000);

        var file = await stand.RefreshAsync(2, Header + Rows(listed));
        ((string)file["state"]!, (long)file["compared"]!["known"]!, (long)file["compared"]!["listed"]!).ShouldBe(("awaitsApproval", 1_200, listed));
        await stand.FilesAsync();
        (await stand.UnitsAsync()).ShouldBe(12_000);
        var incidents = (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray();
        incidents.Count(i => (string)i!["kind"]! == "feed-awaits-approval").ShouldBe(1);

        (await stand.DecideAsync(file, "reject")).ShouldBe(HttpStatusCode.OK);
        (await stand.DecideAsync(file, "approve")).ShouldBe(HttpStatusCode.Conflict);
        (await stand.UnitsAsync()).ShouldBe(12_000);
        await stand.ApprovedAsync(await stand.RefreshAsync(3, Header + Rows(listed)));
        (await stand.UnitsAsync()).ShouldBe(listed * 10);
    }

    [Fact]
    public async Task Broken_rows_are_named_by_line_and_column_and_the_others_are_booked()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var file = await stand.RefreshAsync(1, "sku;location;onHand\nA;1000;10\nB;1000;twelve\nB;1000\n;1000;3\nB;1000;1.5\nB\0;1000;2\n");
        ((int)file["rows"]!, (int)file["brokenRows"]!).ShouldBe((1, 5));
        file["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").ShouldBe(["3 onHand", "4 line", "5 sku", "6 onHand", "7 sku"]);
        await stand.FilesAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(10);
    }

    [Fact]
    public async Task What_cannot_be_read_is_half_written_or_came_before_is_not_booked()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        async Task<string> RefusedAsync(byte[] bytes, string query = "?asOf=2026-03-01T08:01:00Z&sequence=1")
        {
            var (status, body) = await stand.UploadAsync($"refreshes/csv{query}", bytes);
            status.ShouldBe(HttpStatusCode.BadRequest, body?.ToJsonString());
            return string.Join(' ', body!["errors"]!.AsObject().Select(e => e.Key));
        }

        (await RefusedAsync(Encoding.UTF8.GetBytes(Header + "A,1000,10"))).ShouldBe("file", "no line end");
        (await RefusedAsync(Encoding.Latin1.GetBytes(Header + "Ä,1000,10\n"))).ShouldBe("file", "not UTF-8");
        (await RefusedAsync(Encoding.UTF8.GetBytes("sku,sku,location,onHand\nA,A,1000,10\n"))).ShouldBe("header");
        (await RefusedAsync(Encoding.UTF8.GetBytes(Header + "\"A,1000,10\n"))).ShouldBe("line 2");
        (await RefusedAsync(Encoding.UTF8.GetBytes(Header + "A,1000,10\n"), "?asOf=yesterday&sequence=1")).ShouldBe("asOf");
        (await RefusedAsync(Encoding.UTF8.GetBytes(Header + "A,1000,10\n"), "")).ShouldBe("asOf sequence");
        await stand.ClearAsync();
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM source_file_rows")).ShouldBe(0);

        var first = await stand.RefreshAsync(1, Header + "A,1000,10\n");
        var (again, answer) = await stand.UploadAsync("refreshes/csv?asOf=2026-03-01T09:00:00Z&sequence=1", Encoding.UTF8.GetBytes(Header + "A,1000,10\n"));
        (again, (bool)answer!["repeated"]!, (long)answer["fileId"]!).ShouldBe((HttpStatusCode.Accepted, true, (long)first["id"]!));
        await stand.FilesAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(10);
    }

    [Fact]
    public async Task The_same_stock_at_a_later_moment_is_news()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        foreach (var (sequence, units) in new[] { (1, 10), (2, 9), (3, 10) })
        {
            await stand.RefreshAsync(sequence, Header + $"A,1000,{units}\n");
            await stand.FilesAsync();
            (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(units);
        }

        // Of a source that is ordered by its clock the moment is the time, however it is written.
        var timed = await stand.SourceAsync("Till", "pos");
        async Task<bool> RepeatedAsync(string asOf)
        {
            var (status, body) = await stand.CsvAsync($"/api/v1/sources/{timed}/refreshes/csv?asOf={asOf}", Header + "A,1000,10\n");
            status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
            return (bool)body!["repeated"]!;
        }

        (await RepeatedAsync("2026-03-01T08:00:00Z")).ShouldBeFalse();
        (await RepeatedAsync("2026-03-01T09:00:00%2B01:00")).ShouldBeTrue();
        (await RepeatedAsync("2026-03-02T08:00:00Z")).ShouldBeFalse();
    }

    [Fact]
    public async Task History_goes_on_where_a_killed_worker_left_it_and_ends_in_the_totals_it_adds_up_to()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var random = new Random(5);
        var truth = new Dictionary<string, int> { ["A"] = 0, ["B"] = 0 };
        var text = new StringBuilder("id,type,sku,location,occurredAt,sequence,units\n");
        for (var n = 1; n <= 2_500; n++)
        {
            var (sku, units) = (random.Next(2) == 0 ? "A" : "B", random.Next(2) == 0 ? -random.Next(1, 4) : random.Next(1, 9));
            truth[sku] += units;
            text.Append(CultureInfo.InvariantCulture, $"h{n},movement,{sku},1000,{SourceStand.Moment(n)},{n},{units}\n");
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString().Replace("+00:00", "Z", StringComparison.Ordinal));
        var (status, body) = await stand.UploadAsync("history/csv", bytes);
        status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
        var id = (long)body!["fileId"]!;
        var applier = new SourceFileApplier(stand.Warehouse.Worker, TimeProvider.System);
        (await applier.NextAsync(new TenantId(1), id, 1_000, TestContext.Current.CancellationToken)).ShouldBe(1_000);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(2, "one event of the inbox for each SKU of a batch");
        await stand.Warehouse.ApplyAsync();
        ((int)(await stand.FileAsync(id))["percent"]!).ShouldBe(40);

        // Whoever took the first batch is gone; the next one goes on, and one that dies before its commit leaves no trace.
        await stand.FilesAsync();
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("B", "MAIN"))).ShouldBe((truth["A"], truth["B"]));

        // The same events in another file, some of them new: known by their ids, whatever file they stand in.
        var more = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes) + $"h2501,movement,A,1000,2026-03-05T00:00:00Z,2501,7\n");
        (await stand.UploadAsync("history/csv", more)).Status.ShouldBe(HttpStatusCode.Accepted);
        await stand.FilesAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(truth["A"] + 7);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(2_501);
    }

    [Fact]
    public async Task The_same_history_pushed_and_filed_gives_the_same_ledger()
    {
        await using var pushed = await SourceStand.OpenAsync(postgres, redis);
        await using var filed = await SourceStand.OpenAsync(postgres, redis);
        int[] units = [10, -3, 7, -2, 5];
        await pushed.PushAsync([.. units.Select((u, i) => pushed.Movement($"m{i}", u, sequence: i + 1))]);
        var rows = units.Select((u, i) => $"m{i},movement,A,1000,2026-03-01T08:0{i + 1}:00Z,{i + 1},{u}\n");
        (await filed.UploadAsync("history/csv", Encoding.UTF8.GetBytes("id,type,sku,location,occurredAt,sequence,units\n" + string.Concat(rows.Reverse())))).Status
            .ShouldBe(HttpStatusCode.Accepted);
        await filed.FilesAsync();
        const string ledger = "SELECT string_agg(fact_key || ' ' || delta || ' ' || occurred_at, ', ' ORDER BY fact_key) FROM ledger_entries";
        (await filed.Api.SqlAsync<string>(ledger)).ShouldBe(await pushed.Api.SqlAsync<string>(ledger));
    }

    private static string Rows(int count) => string.Concat(Enumerable.Range(1, count).Select(n => $"S{n},1000,10\n"));
}
