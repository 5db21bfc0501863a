using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Sources that speak in their own words, pushed and by file.</summary>
public sealed class MappingApiTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Own =
        """
        { "records": "lines[]", "numbers": { "decimal": "," }, "times": { "formats": ["dd.MM.yyyy HH:mm:ss"], "zone": "Europe/Berlin" },
          "fields": { "id": "{nr}", "type": "movement", "sku": "{artikel}", "location": "{^.werk|werk}", "units": "{menge}", "occurredAt": "{zeit}", "sequence": "{nr}" } }
        """;

    [Fact]
    public async Task A_merchant_s_own_mapping_reads_documents_and_files_and_knows_what_came_before()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        (await PutAsync(stand, "/api/v1/source-mappings/warenwirtschaft", JsonNode.Parse(Own)!)).Status.ShouldBe(HttpStatusCode.OK);
        const string lines =
            """
            { "werk": "1000", "lines": [
              { "nr": 1, "artikel": "A", "menge": "10,0", "zeit": "20.11.2026 09:00:00" }, { "nr": 2, "artikel": "B", "menge": "viel", "zeit": "20.11.2026 09:00:00" },
              { "nr": 3, "artikel": "A", "menge": "2,00-", "zeit": "20.11.2026 09:01:00" }, { "nr": 4, "artikel": "NEW", "menge": "1", "zeit": "20.11.2026 09:02:00" }] }
            """;
        var document = JsonNode.Parse(lines)!;
        var (status, answer) = await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/documents?mapping=warenwirtschaft", document);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        SourceStand.Outcomes(answer!).ShouldBe(["accepted", "refused", "accepted", "held"]);
        answer!["items"]![1]!["errors"]!.AsObject().Single().Key.ShouldBe("menge");

        // The same moves in a file: the source's own setting is enough, and what was pushed is known.
        (await PutAsync(stand, $"/api/v1/sources/{stand.Erp}/mapping", new JsonObject { ["mapping"] = "warenwirtschaft" })).Status.ShouldBe(HttpStatusCode.OK);
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(8, "what is booked is known to a file");
        var (accepted, file) = await stand.UploadAsync(
            "history/csv", Encoding.UTF8.GetBytes("nr;werk;artikel;menge;zeit;lager\n3;1000;A;2,00-;20.11.2026 09:01:00;x\n5;1000;A;7,0;20.11.2026 09:05:00;x\n6;1000;A;7,0;11/20/2026;x\n"));
        accepted.ShouldBe(HttpStatusCode.Accepted, file?.ToJsonString());
        file!["file"]!["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").ShouldBe(["4 zeit"]);
        await stand.FilesAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(15);
        var done = await stand.FileAsync((long)file["fileId"]!);
        ((int)done["accepted"]!, (int)done["repeated"]!).ShouldBe((1, 1));

        (await stand.UploadAsync("history/csv?mapping=standard", Encoding.UTF8.GetBytes("nr,werk\n1,2\n"))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await stand.UploadAsync("history/csv?mapping=nothing", Encoding.UTF8.GetBytes("nr,werk\n1,2\n"))).Status.ShouldBe(HttpStatusCode.BadRequest);
        using var delete = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/source-mappings/warenwirtschaft");
        (await stand.Api.SendAsync(delete)).Status.ShouldBe(HttpStatusCode.Conflict, "a source is read by it");
    }

    [Fact]
    public async Task Mappings_are_listed_and_wrong_ones_refused_by_member()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var (status, body) = await PutAsync(stand, "/api/v1/source-mappings/own", JsonNode.Parse("""{ "fields": { "id": "{nr", "colour": "red" }, "wrong": 1 }""")!);
        status.ShouldBe(HttpStatusCode.BadRequest);
        body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(
            ["wrong", "fields.id", "fields.colour", "fields.type", "fields.sku", "fields.location", "fields.occurredAt"], ignoreOrder: true);
        (await PutAsync(stand, $"/api/v1/sources/{stand.Erp}/mapping", new JsonObject { ["mapping"] = "own" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PutAsync(stand, "/api/v1/source-mappings/cin7-stock", JsonNode.Parse(Own)!)).Status.ShouldBe(HttpStatusCode.OK, "a merchant's own stands in a ready one's place");
        var list = (await stand.Api.GetAsync("/api/v1/source-mappings")).AsArray();
        list.Select(m => $"{m!["name"]} {m["ready"]}").ShouldContain("cin7-stock false");
        list.Count.ShouldBe(5);
        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/documents?mapping=cin7-stock", new { nothing = 1 })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_refresh_in_the_source_s_own_words_is_judged_like_any()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.MapAsync("ERP,Main Branch,MAIN");
        async Task<JsonNode> RefreshAsync(int sequence, string rows)
        {
            var (status, body) = await stand.UploadAsync(
                $"refreshes/csv?mapping=cin7-stock&asOf=2026-03-01T08:{sequence:00}:00Z&sequence={sequence}",
                Encoding.UTF8.GetBytes("productId,code,branchId,branchName,stockOnHand,holding,modifiedDate\n" + rows));
            status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
            return body!["file"]!;
        }

        await RefreshAsync(1, "1,A,1,Main Branch,40.0,3,2026-02-20T08:00:00Z\n2,B,1,Main Branch,4,,2026-02-28T08:00:00Z\n");
        await stand.FilesAsync();
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("A", "MAIN", "unavailable")), (await stand.Warehouse.AtAsync("B", "MAIN"))).ShouldBe((40, 3, 4));
        ((string)(await RefreshAsync(2, ""))["state"]!).ShouldBe("awaitsApproval");
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(SourceStand stand, string path, JsonNode body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        return await stand.Api.SendAsync(request);
    }
}
