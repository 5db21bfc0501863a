using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Channels.Csv;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class FileApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_file_is_checked_row_by_row_and_taken_in_whole_or_not_at_all()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        const string bad =
            """
            key;kind;sku;location;units;note
            1;receipt;A;MAIN;5;"a; ""quoted"" note"
            2;receipt;none;MAIN;1.5;

            1;receipt;B;MAIN;many;
            """;
        var looked = await SendAsync(warehouse, "/stock-operations/csv?dryRun=true", bad);
        looked.Status.ShouldBe(HttpStatusCode.OK);
        ((int)looked.Body["rows"]!, (int)looked.Body["accepted"]!, (int)looked.Body["refused"]!).ShouldBe((3, 1, 2));
        looked.Body["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").ShouldBe(["3 sku", "3 units", "5 units", "5 key"], ignoreOrder: true);
        var refused = await SendAsync(warehouse, "/stock-operations/csv", bad);
        refused.Status.ShouldBe(HttpStatusCode.BadRequest);
        refused.Body["errors"]!.AsObject().Select(e => e.Key).ShouldContain("line 3: units");
        (await warehouse.Api.InboxCountAsync()).ShouldBe(0, "not even the good row");

        const string good = "key,kind,sku,location,units,note\r\n1,receipt,A,MAIN,5,\"two\r\nlines\"\r\n2,write-off,A,MAIN,1,\r\n";
        (await SendAsync(warehouse, "/stock-operations/csv", good)).Status.ShouldBe(HttpStatusCode.BadRequest, "a write-off needs its reason");
        var reasoned = good.Replace("units,note", "units,note,reason", StringComparison.Ordinal).Replace("lines\"", "lines\",", StringComparison.Ordinal).Replace("MAIN,1,", "MAIN,1,,lost", StringComparison.Ordinal);
        ((int)(await SendAsync(warehouse, "/stock-operations/csv", reasoned)).Body["accepted"]!).ShouldBe(2);
        ((int)(await SendAsync(warehouse, "/stock-operations/csv", reasoned)).Body["known"]!).ShouldBe(2);
        await warehouse.ApplyAsync();
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(4);
        var exported = await warehouse.Api.Client.GetStringAsync("/api/v1/stock-operations/csv?sku=A");
        exported.ShouldContain("\"two\r\nlines\"");
        exported.Split("\r\n")[1].ShouldContain("writeOff,applied,A,MAIN,,1,available,,lost");
    }

    [Theory]
    [InlineData("", "file")]
    [InlineData("key,kind,sku,location\n", "header")]
    [InlineData("key,kind,sku,location,units,colour\n", "header")]
    [InlineData("key,kind,sku,location,units,units\n", "header")]
    [InlineData("key,kind,sku,location,units\n1,receipt,A\n", "line 2")]
    [InlineData("key,kind,sku,location,units\n1,receipt,A,MAIN,\"5\n", "line 2")]
    [InlineData("key,kind,sku,location,units\n1,receipt,A,MAIN,5\"\n", "line 2")]
    public async Task A_file_that_cannot_be_read_says_where(string file, string field)
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var refused = await SendAsync(warehouse, "/stock-operations/csv", file);
        (refused.Status, refused.Body["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, field));
        (await SendAsync(warehouse, "/stock-operations/csv", file, "text/plain")).Status.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData("stock-operations")]
    [InlineData("counts")]
    [InlineData("count-sheet")]
    [InlineData("transfers")]
    public async Task Every_template_is_a_file_of_its_kind(string name)
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var template = await warehouse.Api.Client.GetStringAsync($"/api/v1/csv-templates/{name}");
        template.Split("\r\n")[0].Split(',').Length.ShouldBe(template.Split("\r\n")[1].Split(',').Length);
        await warehouse.DoAsync(new { key = "x", kind = "receipt", sku = "A", location = "MAIN", units = 1 });
        var sheet = await warehouse.DoAsync("/count-sheets", new { name = "s", location = "MAIN" });
        var path = name == "count-sheet" ? $"/count-sheets/{sheet["id"]}/csv" : $"/{name}/csv";
        var report = await SendAsync(
            warehouse, path + "?dryRun=true", template.Replace("SHIRT-M", "A", StringComparison.Ordinal).Replace("STORE-2", "SIDE", StringComparison.Ordinal)
                .Replace("2026-11-", "2025-11-", StringComparison.Ordinal));
        ((int)report.Body["accepted"]!).ShouldBe(1, report.Body.ToJsonString());
    }

    [Fact]
    public async Task A_count_sheet_goes_out_as_a_file_and_comes_back_filled_in()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(
            new { key = "a", kind = "receipt", sku = "A", location = "MAIN", units = 10 },
            new { key = "b", kind = "receipt", sku = "B", location = "MAIN", units = 10 });
        var sheet = (await warehouse.DoAsync("/count-sheets", new { name = "s", location = "MAIN", reviewPercent = 100 }))["id"];
        var blank = await warehouse.Api.Client.GetStringAsync($"/api/v1/count-sheets/{sheet}/csv");
        blank.ShouldBe("sku,title,counted,asOf\r\nA,,,\r\nB,,,\r\n", "what is expected is not told to who counts");
        var report = await SendAsync(warehouse, $"/count-sheets/{sheet}/csv", blank.Replace("A,,,", "A,,8,", StringComparison.Ordinal));
        ((int)report.Body["accepted"]!).ShouldBe(1, "an empty cell is not a count of zero");
        await warehouse.DoAsync($"/count-sheets/{sheet}/submit", new { });
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(8);
        (await warehouse.AtAsync("B", "MAIN")).ShouldBe(10);
        (await warehouse.Api.Client.GetStringAsync($"/api/v1/count-sheets/{sheet}/csv?variances=true")).ShouldContain(",10,-2,-20");
        (await warehouse.Api.Client.GetStringAsync("/api/v1/counts/csv")).ShouldContain($"count:sheet:{sheet}:");
    }

    [Fact]
    public async Task Rows_of_one_reference_are_one_transfer_and_must_agree()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var bad = await SendAsync(warehouse, "/transfers/csv", "reference,from,to,sku,units\nT1,MAIN,SIDE,A,1\nT1,SIDE,MAIN,B,1\nT1,MAIN,SIDE,A,1\n");
        bad.Body["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["line 3: from", "line 3: to", "line 4: sku"]);
        const string good = "reference,from,to,sku,units\nT1,MAIN,SIDE,A,1\nT1,MAIN,SIDE,B,2\nT2,SIDE,MAIN,A,3\n";
        ((int)(await SendAsync(warehouse, "/transfers/csv", good)).Body["accepted"]!).ShouldBe(3);
        (await SendAsync(warehouse, "/transfers/csv", good)).Body["errors"]!.AsObject().Select(e => e.Key)
            .ShouldBe(["line 2: reference", "line 3: reference", "line 4: reference"]);
        (await warehouse.Api.GetAsync("/api/v1/transfers"))["items"]!.AsArray().Select(t => (int)t!["planned"]!).ShouldBe([3, 3]);
        (await warehouse.Api.Client.GetStringAsync("/api/v1/transfers/csv")).ShouldContain("T2,SIDE,MAIN,planned,3,0,0,0");
    }

    [Fact]
    public async Task Twenty_thousand_rows_are_taken_in_set_by_set()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var file = new StringBuilder("key,kind,sku,location,units\n");
        for (var i = 0; i < 20_000; i++)
        {
            file.Append(CultureInfo.InvariantCulture, $"k{i},receipt,A,MAIN,1\n");
        }

        using var calls = new DatabaseCalls(warehouse.Api.Database);
        ((int)(await SendAsync(warehouse, "/stock-operations/csv", file.ToString())).Body["accepted"]!).ShouldBe(20_000);
        calls.Count.ShouldBeInRange(2, 200, "one round trip for each row would be twenty thousand");
        (await warehouse.Api.InboxCountAsync()).ShouldBe(20_000);
    }

    [Theory]
    [InlineData("a,b\n1,2\n", "a|b;1|2")]
    [InlineData("a;b\n1,5;2\n", "a|b;1,5|2")]
    [InlineData("a\tb\r\n\r\n\"x\ty\"\t\"\"\r\n", "a|b;x\ty|")]
    [InlineData("a\n\"say \"\"hi\"\"\"", "a;say \"hi\"")]
    public async Task Records_are_read_as_spreadsheets_write_them(string file, string expected)
    {
        var records = new List<string>();
        await foreach (var record in new CsvRecords(new StringReader(file)).ReadAsync(TestContext.Current.CancellationToken))
        {
            records.Add(string.Join('|', record.Cells));
        }

        string.Join(';', records).ShouldBe(expected);
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(Warehouse warehouse, string path, string file, string type = "text/csv")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1" + path) { Content = new StringContent(file, Encoding.UTF8, type) };
        var (status, body) = await warehouse.Api.SendAsync(request);
        return (status, body!);
    }
}
