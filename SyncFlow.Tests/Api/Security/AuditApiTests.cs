using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Api;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

public sealed class AuditApiTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_did_what_from_where_is_listed_exported_and_checked_and_no_secret_stands_in_it()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await app.PostAsync("/api/v1/api-keys", new { name = "till", scopes = new[] { "read" } });
        var listed = (await app.GetAsync("/api/v1/audit"))["items"]!.AsArray();
        var made = listed.Single(e => (string)e!["action"]! == "connections.insert")!;
        ((string)made["actor"]!).ShouldBe("Bootstrap");
        ((string)made["subject"]!).ShouldBe($"connections:{connection}");
        ((string)made["origin"]!).ShouldStartWith("127.0.0.1");
        ((string)made["after"]!["shop"]!).ShouldBe(ApiApp.Shop);
        ((string)listed.First(e => ((string)e!["action"]!).StartsWith("api_keys", StringComparison.Ordinal))!["after"]!["key_hash"]!).ShouldBe("(secret)");

        var export = await app.Client.GetStringAsync("/api/v1/audit/export", Ct);
        var lines = export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        lines.Select(l => (long)l["seq"]!).ShouldBe(Enumerable.Range(1, lines.Count).Select(n => (long)n));
        export.ShouldNotContain("shpat_secret");
        var check = await app.GetAsync("/api/v1/audit/check");
        ((bool)check["isWhole"]!).ShouldBeTrue();
        ((string)check["headHash"]!).ShouldBe((string)lines[^1]["hash"]!);
    }

    [Fact]
    public async Task Mapping_a_catalog_stands_there_with_who_did_it_and_a_dry_run_does_not()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await app.SqlAsync<long>(
            """
            INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title, tracked, oversell_allowed, is_bundle, archived, seen_at)
            SELECT 1, $1, 'v' || n, 'i' || n, 'p' || n, 'S' || n, 's', true, false, false, false, now() FROM generate_series(1, 60) n RETURNING tenant_id
            """,
            connection);
        var body = new { connectionId = connection };
        (await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection, dryRun = true })).Status.ShouldBe(HttpStatusCode.OK);
        (await MappedAsync()).ShouldBeEmpty();
        (await app.PostAsync("/api/v1/listings/auto-map", body)).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync("/api/v1/listings/auto-map", body)).Status.ShouldBe(HttpStatusCode.OK, "nothing is left to map");
        var mapped = (await MappedAsync()).ShouldHaveSingleItem();
        ((string)mapped["action"]!, (string)mapped["actor"]!, (string)mapped["subject"]!).ShouldBe(("listings.map", "Bootstrap", $"connections:{connection}"));
        ((string)mapped["origin"]!).ShouldStartWith("127.0.0.1");
        var details = mapped["details"]!;
        ((int)details["skus"]!, (int)details["listings"]!, details["first"]!.AsArray().Count).ShouldBe((60, 60, 50));
        ((bool)(await app.GetAsync("/api/v1/audit/check"))["isWhole"]!).ShouldBeTrue();

        async Task<List<JsonNode>> MappedAsync() => [.. (await app.GetAsync("/api/v1/audit"))["items"]!.AsArray()
            .Where(e => ((string)e!["action"]!).Split('.')[0] is "skus" or "listings").Select(e => e!)];
    }

    [Fact]
    public async Task What_was_not_mapped_is_not_named_as_mapped()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await app.PostAsync("/api/v1/skus", new { code = "S2" });
        await app.SqlAsync<long>(
            """
            INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title, tracked, oversell_allowed, is_bundle, archived, seen_at)
            SELECT 1, $1, 'v' || n, 'i' || n, 'p' || n, 'S' || n, 's', true, false, false, false, now() FROM generate_series(1, 3) n RETURNING tenant_id
            """,
            connection);
        (await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection, createMissingSkus = false })).Status.ShouldBe(HttpStatusCode.OK);
        var mapped = (await app.GetAsync("/api/v1/audit"))["items"]!.AsArray().Single(e => (string)e!["action"]! == "listings.map")!["details"]!;
        ((int)mapped["listings"]!, mapped["first"]!.ToJsonString()).ShouldBe((1, """["S2"]"""));
    }

    [Fact]
    public async Task The_command_on_the_host_finds_a_broken_chain()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync();
        using var whole = new StringWriter();
        (await Program.CheckAuditAsync(app.Application, whole)).ShouldBe(0);
        whole.ToString().ShouldContain("whole");
        await app.SqlAsync<long>("ALTER TABLE audit_log DISABLE TRIGGER append_only; UPDATE audit_log SET actor = 'forged' WHERE seq = 2 RETURNING seq");
        using var broken = new StringWriter();
        (await Program.CheckAuditAsync(app.Application, broken)).ShouldBe(1);
        broken.ToString().ShouldContain("BROKEN at 2 (Changed)");
    }

    [Fact]
    public async Task A_super_admin_enters_for_a_while_with_a_reason_that_the_tenant_reads_and_cannot_do_all()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var key = Secrets.Make(Secrets.Platform);
        await PlatformStore.AddAsync(app.Database, "kim", Secrets.Hash(key), TimeProvider.System.GetUtcNow(), Ct);
        using var kim = app.NewClient(key);
        (await kim.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "he stands outside");
        (await app.Client.GetAsync("/api/v1/platform/tenants", Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "not even an admin of a tenant sees others");
        (await kim.GetAsync("/api/v1/platform/tenants", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await kim.PostAsJsonAsync("/api/v1/platform/tenants/1/enter", new { reason = "why" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await kim.PostAsJsonAsync("/api/v1/platform/tenants/77/enter", new { reason = "incident 4711" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var entered = await kim.PostAsJsonAsync("/api/v1/platform/tenants/1/enter", new { reason = "incident 4711", minutes = 15 }, Ct);
        using var inside = app.NewClient((string)JsonNode.Parse(await entered.Content.ReadAsStringAsync(Ct))!["token"]!);
        (await inside.PostAsJsonAsync("/api/v1/locations", new { code = "X", name = "X" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await inside.PostAsJsonAsync("/api/v1/api-keys", new { name = "k", scopes = new[] { "read" } }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "he leaves no key behind");

        var entries = (await app.GetAsync("/api/v1/audit?actor=platform:kim"))["items"]!.AsArray();
        entries.Select(e => (string)e!["action"]!).ShouldBe(["locations.insert", "sessions.insert", "platform.enter"], ignoreOrder: true);
        ((string)entries.Single(e => (string)e!["action"]! == "platform.enter")!["details"]!["reason"]!).ShouldBe("incident 4711");
        await app.SqlAsync<long>("UPDATE sessions SET expires_at = now() - interval '1 second' RETURNING tenant_id");
        await Waits.UntilAsync(
            async () => (await inside.GetAsync("/api/v1/stock", Ct)).StatusCode == HttpStatusCode.Unauthorized, "the session to end", TimeSpan.FromSeconds(5));
    }
}
