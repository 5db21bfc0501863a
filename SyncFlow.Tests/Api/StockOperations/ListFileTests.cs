using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

/// <summary>Lists that are handed out as files.</summary>
public sealed class ListFileTests(PostgresFixture postgres, RedisFixture redis)
{
    private static string Soon => TimeProvider.System.GetUtcNow().AddMinutes(15).ToString("O");

    [Fact]
    public async Task Kits_preorders_and_reservations_are_handed_out_a_row_for_each_part_or_line()
    {
        await using var app = await StartAsync();
        (await PutAsync(app, "/api/v1/skus/K/components", new { components = new[] { new { sku = "A", units = 2 }, new { sku = "=B", units = 1 } } }))
            .ShouldBe(HttpStatusCode.OK);
        (await app.PutSeenAsync("/api/v1/skus/A/preorder", new { location = "MAIN", cap = 7, incoming = 4, until = "2126-12-24T00:00:00Z", arrivesOn = "2126-12-20" }))
            .Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync("/api/v1/reservations", new
        {
            reference = "cart, \"one\"",
            expiresAt = Soon,
            lines = new[] { new { sku = "A", units = 3 }, new { sku = "=B", units = 1 } },
        })).Status.ShouldBe(HttpStatusCode.Created);

        var kits = await LinesAsync(app, "kits");
        kits[0].ShouldBe("kit,component,units,version,changedAt,changedBy");
        kits.Skip(1).Select(l => string.Join(',', l.Split(',')[..4])).ShouldBe(["K,'=B,1,1", "K,A,2,1"], "what a spreadsheet would compute is told as text");
        using (var back = new HttpRequestMessage(HttpMethod.Post, "/api/v1/kits/csv") { Content = new StringContent(string.Join('\n', kits), System.Text.Encoding.UTF8, "text/csv") })
        {
            (await app.SendAsync(back)).Status.ShouldBe(HttpStatusCode.OK, "what was handed out is taken in again");
        }

        (await LinesAsync(app, "preorders")).Skip(1).ShouldHaveSingleItem().ShouldStartWith("A,MAIN,7,4,0,2126-12-24T00:00:00Z,2126-12-20,");
        var reservations = await LinesAsync(app, "reservations");
        reservations.Count.ShouldBe(3);
        reservations[1].ShouldStartWith("1,\"cart, \"\"one\"\"\",hold,held,");
        reservations[1].ShouldEndWith(",1,A,,3,3,0,held");
        reservations[2].ShouldEndWith(",2,'=B,,1,1,0,held");

        (await app.PostAsync("/api/v1/reservations/1/release", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await LinesAsync(app, "reservations")).Count.ShouldBe(3);
        (await LinesAsync(app, "reservations?open=true")).ShouldHaveSingleItem("the head is there where nothing is");
    }

    [Fact]
    public async Task The_ledger_is_handed_out_whole_however_many_pages_it_has()
    {
        await using var app = await StartAsync();
        await app.SqlAsync<long>(
            """
            WITH made AS (
              INSERT INTO ledger_entries (tenant_id, entry_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
              OVERRIDING SYSTEM VALUE SELECT tenant_id, n, sku_id, 1, 1, 1, 1, 'f' || n, '2026-03-01Z'::timestamptz + n * interval '1 s', '2026-03-01Z'::timestamptz + n * interval '1 s'
              FROM skus, generate_series(1000, 2199) AS n WHERE code = CASE WHEN n % 2 = 0 THEN 'A' ELSE '=B' END RETURNING 1)
            SELECT count(*) FROM made
            """);
        var all = await LinesAsync(app, "ledger");
        all[0].ShouldBe("id,sku,location,bucket,delta,reason,factKey,levelId,connectionId,inboxEventId,occurredAt,recordedAt");
        all.Skip(1).Select(Number).ShouldBe(Enumerable.Range(1000, 1200).Reverse(), "each once, newest first");
        (await LinesAsync(app, "ledger?sku=A&location=MAIN")).Skip(1).Select(Number).ShouldBe(Enumerable.Range(500, 600).Select(n => 2 * n).Reverse());
        foreach (var missing in new[] { "ledger/csv?sku=Z", "ledger/csv?location=MOON" })
        {
            using var answer = await app.Client.GetAsync("/api/v1/" + missing, TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        using var other = await app.OtherTenantAsync();
        var theirs = await other.GetStringAsync("/api/v1/ledger/csv", TestContext.Current.CancellationToken);
        theirs.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
    }

    private static int Number(string line) => int.Parse(line.Split(',')[0], CultureInfo.InvariantCulture);

    private static async Task<List<string>> LinesAsync(ApiApp app, string list)
    {
        var at = list.IndexOf('?', StringComparison.Ordinal);
        var (name, query) = at < 0 ? (list, "") : (list[..at], list[at..]);
        using var answer = await app.Client.GetAsync($"/api/v1/{name}/csv{query}", TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        answer.Content.Headers.ContentDisposition!.FileName.ShouldBe(name + ".csv");
        return [.. (await answer.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)];
    }

    private static async Task<HttpStatusCode> PutAsync(ApiApp app, string path, object body) =>
        (await app.SendAsync(new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) })).Status;

    private async Task<ApiApp> StartAsync()
    {
        var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        foreach (var code in new[] { "A", "=B", "K" })
        {
            await app.PostAsync("/api/v1/skus", new { code });
        }

        await app.SqlAsync<long>(
            """
            WITH counted AS (
              INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened)
              SELECT tenant_id, sku_id, 1, 9, true FROM skus WHERE code <> 'K' RETURNING sku_id)
            SELECT count(*) FROM counted
            """);
        return app;
    }
}
