using System.Net;
using Npgsql;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Change data capture from a real database's log to the ledger.</summary>
public sealed class CaptureTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Committed_movements_are_booked_once_and_housekeeping_says_nothing()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10'), ('B', 'Y', '4.00'), ('A', 'X', '-3')");
        await stand.ErpAsync("BEGIN; INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '1000'); ROLLBACK");
        await stand.ErpAsync("UPDATE moves SET note = 'printed'; DELETE FROM moves WHERE qty = '10'; ALTER TABLE moves ADD COLUMN colour text");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty, colour) VALUES ('A', 'Y', '2', 'red')");
        await stand.OnHandAsync("A", "SIDE", 2);
        await stand.OnHandAsync("A", "MAIN", 7);
        await stand.OnHandAsync("B", "SIDE", 4);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(4);
        var capture = await stand.OneAsync();
        ((long)capture["changes"]!, (long)capture["passedOver"]!, (long)capture["refused"]!).ShouldBe((8, 4, 0));

        // Whoever reads on after a stop begins where the other ended, and a log of other tables is not kept for us.
        await stand.StopWorkerAsync();
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '5'); INSERT INTO other SELECT n FROM generate_series(1, 20000) n");
        var written = await stand.ErpAsync<string>("SELECT pg_current_wal_lsn()::text");
        await stand.StartWorkerAsync();
        await stand.OnHandAsync("A", "MAIN", 12);
        await Waits.UntilAsync(
            () => stand.ErpAsync<bool>($"SELECT confirmed_flush_lsn >= '{written}' FROM pg_replication_slots WHERE slot_name = '{stand.Slot}'"),
            "the log to be confirmed");
        ((long?)(await stand.OneAsync())["lagBytes"]).ShouldNotBeNull();
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(5);
        (await stand.Api.SqlAsync<string>("SELECT encode(credential, 'escape') FROM connections WHERE credential IS NOT NULL"))
            .ShouldNotContain(new NpgsqlConnectionStringBuilder(stand.ErpDatabase).Password!);
    }

    [Fact]
    public async Task Positions_follow_their_rows_through_changes_of_key_and_deletion()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Stock);
        await stand.MapStockAsync();
        await stand.CaptureAsync("public.stock");
        await stand.ErpAsync("INSERT INTO stock VALUES ('A', 'X', 10), ('B', 'X', 4)");
        await stand.ErpAsync("UPDATE stock SET on_hand = 12 WHERE item = 'A'");
        await stand.OnHandAsync("A", "MAIN", 12);
        await stand.ErpAsync("UPDATE stock SET site = 'Y', on_hand = 11 WHERE item = 'A'");
        await stand.OnHandAsync("A", "SIDE", 11);
        await stand.OnHandAsync("A", "MAIN", 0);
        await stand.ErpAsync("DELETE FROM stock WHERE item = 'B'");
        await stand.OnHandAsync("B", "MAIN", 0);

        await stand.ErpAsync("TRUNCATE stock");
        await Waits.UntilAsync(async () => (long)(await stand.OneAsync())["refused"]! == 1, "the emptied table to be told");
        await stand.OnHandAsync("A", "SIDE", 11);
        var refusals = (await stand.Api.GetAsync($"/api/v1/sources/{stand.Id}/capture/refusals"))["items"]!.AsArray();
        ((string)refusals.Single()!["errors"]!["table"]![0]!).ShouldContain("send a full refresh");
        (await stand.IncidentsAsync()).ShouldHaveSingleItem().ShouldStartWith("capture-emptied");
        await stand.RefreshAsync("A,Y,11", "item,site,on_hand");
        await stand.ClosedAsync("capture-emptied");
    }

    [Fact]
    public async Task Deletions_that_would_take_away_much_wait_for_a_person()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Stock);
        for (var n = 1; n <= 9; n++)
        {
            (await stand.Api.PostAsync("/api/v1/skus", new { code = $"S{n}" })).Status.ShouldBe(HttpStatusCode.Created);
        }

        await stand.MapStockAsync();
        await stand.CaptureAsync("public.stock");
        await stand.ErpAsync("INSERT INTO stock SELECT 'S' || n, 'X', 10 * n FROM generate_series(1, 9) n");
        await stand.ErpAsync("INSERT INTO stock VALUES ('A', 'X', 0), ('B', 'X', 4)");
        await UnitsAsync(stand, 454);

        // Five may go at once; rows without units are not counted, and the last change is booked with them.
        await stand.ErpAsync("DELETE FROM stock WHERE item <> 'B'; UPDATE stock SET on_hand = 3 WHERE item = 'B'");
        await UnitsAsync(stand, 60 + 70 + 80 + 90 + 3);
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("feed-awaits-approval", StringComparison.Ordinal));
        await stand.ErpAsync("DELETE FROM stock WHERE item = 'B'; INSERT INTO stock VALUES ('S9', 'X', 5), ('A', 'X', 1), ('B', 'X', 8)");
        await UnitsAsync(stand, 60 + 70 + 80 + 5 + 1 + 8);
        var file = (await stand.Api.GetAsync($"/api/v1/sources/{stand.Id}/files"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)file["kind"]!, (string)file["state"]!, (int)file["rows"]!, (string)file["heldBecause"]!).ShouldBe(
            ("capturedDeletions", "awaitsApproval", 5, "the source's database deleted 5 positions more than may go at once, of 10 with units"));

        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Id}/files/{file["id"]}/approve", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await UnitsAsync(stand, 5 + 1 + 8); // What came back stays, also what came back in the transaction that deleted it.
        (await stand.IncidentsAsync()).ShouldNotContain(i => i.StartsWith("feed-awaits-approval", StringComparison.Ordinal));
    }

    private static Task UnitsAsync(CaptureStand stand, long units) => Waits.UntilAsync(
        async () => await stand.Api.SqlAsync<long>("SELECT coalesce(sum(on_hand), 0) FROM positions") == units, $"{units} units in all");

    [Fact]
    public async Task A_row_that_cannot_be_read_is_told_by_its_column_and_the_others_are_booked()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10'), ('A', 'X', 'many'), (NULL, 'X', '1.5'), ('A', 'X', '5')");
        await stand.OnHandAsync("A", "MAIN", 15);
        var refusals = (await stand.Api.GetAsync($"/api/v1/sources/{stand.Id}/capture/refusals"))["items"]!.AsArray();
        refusals.Select(r => string.Join(' ', r!["errors"]!.AsObject().Select(e => e.Key))).ShouldBe(["item", "qty"], ignoreOrder: true);
        refusals.ShouldContain(r => (string?)r!["record"]!["qty"] == "many");
        ((long)(await stand.Api.GetAsync($"/api/v1/sources/{stand.Id}"))["events"]!["refused"]!).ShouldBe(2);
    }

    [Fact]
    public async Task A_column_that_the_mapping_reads_and_that_goes_away_pauses_the_source_until_somebody_says_what_it_is_now()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10')");
        await stand.OnHandAsync("A", "MAIN", 10);
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '1'); ALTER TABLE moves RENAME qty TO quantity; INSERT INTO moves (item, site, quantity) VALUES ('A', 'X', '2')");
        ((string)(await stand.StateAsync("paused"))["problem"]!).ShouldContain("no column qty");
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("capture-paused", StringComparison.Ordinal) && i.Contains("qty", StringComparison.Ordinal));
        await stand.OnHandAsync("A", "MAIN", 11);

        await stand.MapMovesAsync("{quantity|qty}");
        await stand.OnHandAsync("A", "MAIN", 13);
        await stand.StateAsync("streaming");
        await Waits.UntilAsync(async () => (await stand.IncidentsAsync()).Length == 0, "the incident to be closed");
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(3);
    }

    [Fact]
    public async Task A_slot_that_was_lost_asks_for_a_full_refresh_and_one_that_is_not_needed_is_dropped()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10')");
        await stand.OnHandAsync("A", "MAIN", 10);
        await stand.StopWorkerAsync();
        await stand.ErpAsync($"SELECT pg_drop_replication_slot('{stand.Slot}'); INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '7')");
        await stand.StartWorkerAsync();
        ((string)(await stand.StateAsync("lost"))["problem"]!).ShouldContain("is gone");
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("capture-lost", StringComparison.Ordinal) && i.Contains("full refresh", StringComparison.Ordinal));

        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Id}/capture/restart", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await stand.StateAsync("streaming");
        var refresh = await stand.Stand.CsvAsync($"/api/v1/sources/{stand.Id}/refreshes/csv?asOf={TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}", "sku,location,onHand\nA,X,17\n");
        refresh.Status.ShouldBe(HttpStatusCode.Accepted, refresh.Body?.ToJsonString());
        await stand.OnHandAsync("A", "MAIN", 17);
        await Waits.UntilAsync(async () => (await stand.IncidentsAsync()).Length == 0, "the incident to be closed");

        using var remove = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/sources/{stand.Id}/capture");
        (await stand.Api.SendAsync(remove)).Status.ShouldBe(HttpStatusCode.OK);
        await Waits.UntilAsync(async () => await stand.ErpAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{stand.Slot}'") == 0, "the slot to be dropped");
        await Waits.UntilAsync(async () => await stand.Api.SqlAsync<long>("SELECT count(*) FROM source_captures") == 0, "the capture to be gone");
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused_clearly()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        var (status, body) = await stand.TryCaptureAsync("moves", r =>
        {
            r["host"] = "/var/run/postgresql";
            r["port"] = 0;
            r["slot"] = "Slot!";
            r["tls"] = "maybe";
            r["publication"] = "a; DROP";
        });
        status.ShouldBe(HttpStatusCode.BadRequest);
        body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["host", "port", "tls", "publication", "slot", "table"]);
        (await stand.PutAsync($"/api/v1/sources/{stand.Stand.Erp}/capture", new { })).Status.ShouldBe(HttpStatusCode.Conflict, "its strategy is push");
        (await stand.TryCaptureAsync("public.moves", r => r.Remove("password"))).Status.ShouldBe(HttpStatusCode.BadRequest);

        await stand.MapMovesAsync();
        await stand.TryCaptureAsync("public.moves", r => r["host"] = "10.1.2.3");
        (await stand.ProblemAsync()).ShouldContain("no public address");
        (await stand.TryCaptureAsync("public.moves", r => r.Remove("password"))).Status.ShouldBe(HttpStatusCode.BadRequest, "a password is not sent to another host than it was given for");
        await stand.TryCaptureAsync("public.moves", r => r["publication"] = "nothing");
        (await stand.ProblemAsync()).ShouldContain("CREATE PUBLICATION nothing FOR TABLE public.moves");
        await stand.ErpAsync("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'x'");
        await stand.TryCaptureAsync("public.moves", r => (r["username"], r["password"]) = ("reader", "x"));
        (await stand.ProblemAsync()).ShouldContain("REPLICATION");
        await stand.TryCaptureAsync("public.moves", r => r["password"] = "wrong");
        (await stand.ProblemAsync()).ShouldContain("password authentication failed");
    }
}
