using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Requests;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ReservationTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/reservations";

    private static string Soon => TimeProvider.System.GetUtcNow().AddMinutes(15).ToString("O");

    [Fact]
    public async Task A_cart_is_reserved_confirmed_and_found_and_what_is_paid_is_not_given_back_by_a_slip()
    {
        await using var app = await StartAsync(10);
        var (status, made) = await app.PostAsync(Path, Cart("cart-1", 4));
        status.ShouldBe(HttpStatusCode.Created);
        ((string)made!["status"]!).ShouldBe("held");
        ((string)made["lines"]![0]!["held"]![0]!["location"]!).ShouldBe("MAIN");
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(6);

        var confirmed = await app.PostAsync($"{Path}/{made["id"]}/confirm", new { });
        ((string)confirmed.Body!["status"]!).ShouldBe("paid");
        (await app.PostAsync($"{Path}/{made["id"]}/confirm", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        var refused = await app.PostAsync($"{Path}/{made["id"]}/release", new { });
        refused.Status.ShouldBe(HttpStatusCode.Conflict);
        ((string)refused.Body!["detail"]!).ShouldContain("confirmed");
        (await app.PostAsync($"{Path}/{made["id"]}/extend", new { expiresAt = Soon })).Status.ShouldBe(HttpStatusCode.Conflict);
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(6, "nothing of that moved a unit");

        var released = await app.PostAsync($"{Path}/{made["id"]}/release", new { reason = "refunded", voided = true });
        ((string)released.Body!["status"]!).ShouldBe("released");
        ((string)released.Body["endReason"]!).ShouldBe("refunded");
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(10);
        (await app.PostAsync($"{Path}/{made["id"]}/release", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.GetAsync($"{Path}?sku=A&status=released"))["items"]!.AsArray().Count.ShouldBe(1);
        (await app.Client.GetAsync($"{Path}?status=3", TestContext.Current.CancellationToken)).StatusCode
            .ShouldBe(HttpStatusCode.BadRequest, "a number is no name");
        (await app.GetAsync($"{Path}?open=true"))["items"]!.AsArray().Count.ShouldBe(0);
    }

    [Fact]
    public async Task What_there_is_not_is_refused_with_what_there_is_for_each_line()
    {
        await using var app = await StartAsync(10);
        var (status, problem) = await app.PostAsync(Path, new
        {
            reference = "big",
            expiresAt = Soon,
            lines = new object[] { new { sku = "A", units = 3 }, new { sku = "a", units = 8, location = "MAIN" } },
        });
        status.ShouldBe(HttpStatusCode.Conflict);
        ((string)problem!["type"]!).ShouldEndWith("/not-available");
        problem["lines"]!.AsArray().Select(l => ((int)l!["units"]!, (int)l["available"]!)).ShouldBe([(3, 10), (8, 7)]);
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(10);
    }

    [Theory]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[{"sku":"A","units":0}]}""", "lines[0].units")]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[{"sku":"A","units":-1}]}""", "lines[0].units")]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[{"sku":"A","units":1.5}]}""", "lines[0].units")]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[{"sku":"A","units":1},{"sku":"nope","units":1}]}""", "lines[1].sku")]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[{"sku":"A","units":1,"location":"MOON"}]}""", "lines[0].location")]
    [InlineData("""{"reference":"r","expiresAt":"2020-01-01T00:00:00Z","lines":[{"sku":"A","units":1}]}""", "expiresAt")]
    [InlineData("""{"reference":"r","expiresAt":"2999-01-01T00:00:00Z","lines":[{"sku":"A","units":1}]}""", "expiresAt")]
    [InlineData("""{"reference":"r","lines":[{"sku":"A","units":1}]}""", "expiresAt")]
    [InlineData("""{"reference":"r","kind":"programme","lines":[{"sku":"A","units":1}]}""", "partner")]
    [InlineData("""{"reference":"r","kind":"programme","partner":"P","expiresAt":"SOON","lines":[{"sku":"A","units":1}]}""", "expiresAt")]
    [InlineData("""{"reference":"r","expiresAt":"SOON","lines":[]}""", "lines")]
    [InlineData("""{"expiresAt":"SOON","lines":[{"sku":"A","units":1}]}""", "reference")]
    [InlineData("""{"reference":"r","kind":"gift","expiresAt":"SOON","lines":[{"sku":"A","units":1}]}""", "kind")]
    public async Task Bad_input_is_refused_by_the_name_of_its_field_and_moves_nothing(string body, string field)
    {
        await using var app = await StartAsync(10);
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(body.Replace("SOON", Soon, StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"),
        };
        var (status, problem) = await app.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest, problem?.ToJsonString());
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field);
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(10);
        (await app.SqlAsync<long>("SELECT count(*) FROM reservations")).ShouldBe(0);
    }

    [Fact]
    public async Task A_key_or_a_reference_sent_twice_reserves_once()
    {
        await using var app = await StartAsync(10);
        var cart = new { expiresAt = Soon, lines = new[] { new { sku = "A", units = 2 } } };
        var first = await app.PostAsync(Path, cart, "key-1");
        var again = await app.PostAsync(Path, cart, "key-1");
        (first.Status, again.Status).ShouldBe((HttpStatusCode.Created, HttpStatusCode.Created));
        ((long)again.Body!["id"]!).ShouldBe((long)first.Body!["id"]!);
        ((string)first.Body["reference"]!).ShouldBe("key-1");

        // The answer was lost, and with it the key: the reference still names the reservation.
        (await app.PostAsync(Path, Cart("key-1", 2), "key-2")).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync(Path, Cart("key-1", 3), "key-3")).Status.ShouldBe(HttpStatusCode.Conflict);
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(8);
    }

    [Fact]
    public async Task C36_A_programme_sets_units_aside_until_it_is_released()
    {
        await using var app = await StartAsync(100);
        var (status, made) = await app.PostAsync(Path, new
        {
            reference = "acme-2027",
            kind = "programme",
            partner = "ACME",
            lines = new[] { new { sku = "A", units = 40 } },
        });
        status.ShouldBe(HttpStatusCode.Created);
        made!["expiresAt"].ShouldBeNull();
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(60);
        (await app.PostAsync($"{Path}/{made["id"]}/extend", new { expiresAt = Soon })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.GetAsync($"{Path}?partner=ACME"))["items"]!.AsArray().Count.ShouldBe(1);
        (await app.PostAsync(Path, Cart("greedy", 61))).Status.ShouldBe(HttpStatusCode.Conflict, "forty are the partner's");

        var released = await app.PostAsync($"{Path}/{made["id"]}/release", new { reason = "season over" });
        released.Status.ShouldBe(HttpStatusCode.OK);
        ((string)released.Body!["status"]!).ShouldBe("released");
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(100);
        (await app.SqlAsync<int>("SELECT reserved FROM positions")).ShouldBe(0);
        (await app.PostAsync(Path, Cart("greedy", 61))).Status.ShouldBe(HttpStatusCode.Created, "what was the partner's is anybody's again");
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(39);
    }

    [Fact]
    public async Task A_hold_gets_more_time_but_not_less()
    {
        await using var app = await StartAsync(10);
        var (_, made) = await app.PostAsync(Path, Cart("cart-1", 1));
        var address = $"{Path}/{made!["id"]}/extend";
        var earlier = await app.PostAsync(address, new { expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(1) });
        earlier.Status.ShouldBe(HttpStatusCode.BadRequest);
        var later = await app.PostAsync(address, new { expiresAt = TimeProvider.System.GetUtcNow().AddHours(1) });
        later.Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync(address, new { })).Body!["errors"]!.AsObject().ShouldContainKey("expiresAt");
        (await app.PostAsync($"{Path}/99/release", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync($"{Path}/{made["id"]}", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("confirm", "{}", false)]
    [InlineData("confirm", "{}", true)]
    [InlineData("extend", """{"expiresAt":"SOON"}""", false)]
    [InlineData("extend", """{"expiresAt":"SOON"}""", true)]
    [InlineData("release", "{}", false)]
    [InlineData("release", """{"voided":true}""", true)]
    public async Task An_expired_hold_is_refused_by_the_field_that_says_so_and_moves_nothing(string what, string body, bool swept)
    {
        await using var app = await StartAsync(10);
        var (_, made) = await app.PostAsync(Path, Cart("cart-1", 4));
        await app.SqlAsync<long>("UPDATE reservations SET expires_at = now() - interval '1 second' RETURNING reservation_id");
        if (swept)
        {
            (await app.Services.GetRequiredService<ReservationStore>().ExpireAsync(new TenantId(1), 10, TestContext.Current.CancellationToken)).ShouldBe(1);
        }

        var before = await StandsAsync(app);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Path}/{made!["id"]}/{what}")
        {
            Content = new StringContent(body.Replace("SOON", Soon, StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"),
        };
        var (status, problem) = await app.SendAsync(request);
        status.ShouldBe(HttpStatusCode.Conflict);
        problem!["errors"]!.AsObject().ShouldHaveSingleItem().Key.ShouldBe("expiresAt");
        ((string)problem["detail"]!).ShouldContain("expired");
        (await StandsAsync(app)).ShouldBe(before);
        before.ShouldStartWith(swept ? "10/0 " : "10/4 ", customMessage: "on hand and reserved");
    }

    [Fact]
    public async Task Other_refusals_name_their_fields_too()
    {
        await using var app = await StartAsync(10);
        var (_, made) = await app.PostAsync(Path, Cart("cart-1", 4));
        async Task<string> FieldAsync(string path, object body) =>
            (await app.PostAsync(path, body)).Body!["errors"]!.AsObject().ShouldHaveSingleItem().Key;
        (await FieldAsync(Path, Cart("cart-1", 5))).ShouldBe("reference");
        await app.PostAsync($"{Path}/{made!["id"]}/confirm", new { });
        (await FieldAsync($"{Path}/{made["id"]}/confirm", new { })).ShouldBe("status", "confirmed before");
        (await FieldAsync($"{Path}/{made["id"]}/release", new { })).ShouldBe("status");
        await app.PostAsync($"{Path}/{made["id"]}/release", new { voided = true });
        (await FieldAsync($"{Path}/{made["id"]}/release", new { })).ShouldBe("status", "over");
    }

    /// <summary>Every figure that a change would move: positions, the reservation, and how many entries and versions there are.</summary>
    private static Task<string> StandsAsync(ApiApp app) => app.SqlAsync<string>(
        """
        SELECT format('%s/%s %s %s %s %s', p.on_hand, p.reserved, to_jsonb(p), (SELECT jsonb_agg(to_jsonb(r)) FROM reservations r),
          (SELECT count(*) FROM ledger_entries), (SELECT jsonb_agg(jsonb_build_array(s.version, s.ats_units)) FROM sku_state s))
        FROM positions p
        """);

    private static object Cart(string reference, int units) =>
        new { reference, expiresAt = Soon, lines = new[] { new { sku = "A", units } } };

    private async Task<ApiApp> StartAsync(int onHand)
    {
        var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.SqlAsync<long>(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, s.sku_id, l.location_id, $1, true FROM skus s, locations l RETURNING tenant_id",
            onHand);
        return app;
    }
}
