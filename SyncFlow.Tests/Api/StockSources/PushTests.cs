using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>The Source API, from the call to the ledger.</summary>
public sealed class PushTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Events_are_taken_in_one_by_one_and_told_again_they_change_nothing()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var first = stand.Movement("m1", 10);
        var answer = await stand.PushAsync(first, stand.Movement("m2", -3), stand.Movement("m2", -3), stand.Movement("m3", 0), stand.Movement("m4", 5, sku: "NEW"));
        SourceStand.Outcomes(answer).ShouldBe(["accepted", "accepted", "repeated", "refused", "held"]);
        answer["items"]![3]!["errors"]!["units"]![0]!.ToString().ShouldContain("Zero");
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(7);

        SourceStand.Outcomes(await stand.PushAsync(first)).ShouldBe(["repeated"]);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(7);
        var source = await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}");
        var events = source["events"]!;
        ((int)events["accepted"]!, (int)events["repeated"]!, (int)events["waiting"]!, (int)events["refused"]!).ShouldBe((2, 2, 1, 1), "what cannot be read counts as refused, as it was answered");
    }

    [Fact]
    public async Task Events_of_unknown_items_and_places_are_kept_counted_shown_and_booked_once_mapped()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.PushAsync(
            stand.Movement("m1", 10, sku: "ERP-4711"), stand.Movement("m2", 4, sku: "ERP-4711"), stand.Movement("m3", 6, location: "2000"));
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(0);
        var unmapped = (await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/unmapped")).AsArray();
        unmapped.Select(u => $"{u!["kind"]} {u["code"]} {u["events"]}").ShouldBe(["sku ERP-4711 2", "location 2000 1"]);
        (await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/held-events"))["items"]!.AsArray().Count.ShouldBe(3);
        var map = (await stand.Api.GetAsync("/api/v1/location-map"))["items"]!.AsArray();
        map.ShouldContain(l => (string)l!["place"]! == "2000" && l["location"] == null, "a place nobody heard of waits in the map");

        SourceStand.Outcomes(await stand.PushAsync(stand.Movement("m1", 10, sku: "ERP-4711"))).ShouldBe(["repeated"], "what is kept is known");
        (await stand.ReleaseAsync()).ShouldBe(0);
        using var wish = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/sources/{stand.Erp}/items")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { item = "erp-4711", sku = "A" }),
        };
        (await stand.Api.SendAsync(wish)).Status.ShouldBe(HttpStatusCode.OK);
        (await stand.ReleaseAsync()).ShouldBe(2);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(14);
        await stand.MapAsync("erp,2000,SIDE");
        (await stand.ReleaseAsync()).ShouldBe(1);
        (await stand.Warehouse.AtAsync("A", "SIDE")).ShouldBe(6);
        (await stand.ReleaseAsync()).ShouldBe(0);
        (await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/unmapped")).AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_till_sale_posted_by_the_ERP_is_deducted_once_end_to_end()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var till = await stand.SourceAsync("Till 1", "pos", owns: false, writes: ["posPending"]);
        await stand.MapAsync("Till 1,SHOP,MAIN");
        await stand.PushAsync(stand.Position("p1", 20, 100));
        await stand.PushAsync(till, new { events = new[] { new { id = "R1", type = "sale", sku = "A", location = "SHOP", units = 2, occurredAt = SourceStand.Moment(9) } } });
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("A", "MAIN", "posPending"))).ShouldBe((20, 2));
        await stand.PushAsync(stand.Movement("mat-1", -2, sequence: 101, reference: "R1", system: till));
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("A", "MAIN", "posPending"))).ShouldBe((18, 0));

        await stand.PushAsync(till, new { events = new[] { new { id = "R2", type = "sale", sku = "A", location = "SHOP", units = 3, occurredAt = SourceStand.Moment(10) } } });
        await stand.PushAsync(stand.Erp, new
        {
            postedThrough = new[] { new { system = till, time = SourceStand.Moment(10) } },
            events = new[] { stand.Position("p2", 15, 102) },
        });
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("A", "MAIN", "posPending"))).ShouldBe((15, 0));
    }

    [Fact]
    public async Task C26_A_source_that_goes_back_is_frozen_with_one_incident_and_what_it_says_waits_for_a_person()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.PushAsync(stand.Erp, new { watermark = 10_500, events = new[] { stand.Position("p1", 20, 10_500) } });
        var answer = await stand.PushAsync(stand.Erp, new { watermark = 9_800, events = new[] { stand.Position("p2", 50, 9_800) } });
        ((string)answer["state"]!).ShouldBe("frozen");
        SourceStand.Outcomes(answer).ShouldBe(["held"]);
        await stand.PushAsync(stand.Erp, new { watermark = 9_801, events = new[] { stand.Position("p3", 51, 9_801) } });
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(20, "the last good stock stands");
        (await stand.ReleaseAsync()).ShouldBe(0);
        var incidents = (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray();
        incidents.Count(i => (string)i!["kind"]! == "source-frozen").ShouldBe(1);
        (await stand.Api.SqlAsync<bool>("SELECT bool_or(s.state = 2) FROM sources s")).ShouldBeTrue();

        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/resume", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await stand.ReleaseAsync()).ShouldBe(2);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(51, "what it says after a new beginning is newer than all before");
        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/resume", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().ShouldNotContain(i => (string)i!["kind"]! == "source-frozen");
    }

    [Fact]
    public async Task What_a_source_may_not_write_and_what_is_malformed_is_refused_with_its_field_beside_good_events()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var till = await stand.SourceAsync("Till 1", "pos", owns: false, writes: ["posPending"]);
        var answer = await stand.PushAsync(till, new
        {
            events = new object[]
            {
                new { id = "1", type = "position", sku = "A", location = "SHOP", onHand = 5, occurredAt = SourceStand.Moment(1) },
                new { id = "2", type = "sale", sku = "A", location = "SHOP", units = 1.5, occurredAt = SourceStand.Moment(1) },
                new { id = "3", type = "sale", sku = "A", location = "SHOP", units = 1 },
                new { id = "4", type = "gift", sku = "A", location = "SHOP", units = 1, occurredAt = SourceStand.Moment(1) },
                new { id = "", type = "sale", sku = "", location = "SHOP", units = 1, open = 2, occurredAt = SourceStand.Moment(1) },
                new { id = "6", type = "sale", sku = "A", location = "SHOP", units = 1, occurredAt = SourceStand.Moment(1), reference = "x", system = 999 },
                new { id = "7", type = "sale", sku = "A", location = "SHOP", units = 1, occurredAt = SourceStand.Moment(1) },
                new { id = "8\0", type = "sale", sku = "A\0", location = "\0SHOP", units = 1, occurredAt = SourceStand.Moment(1), reference = "r\0" },
            },
        });
        SourceStand.Outcomes(answer).ShouldBe(["refused", "refused", "refused", "refused", "refused", "refused", "held", "refused"]);
        string Fields(int item) => string.Join(' ', answer["items"]![item]!["errors"]!.AsObject().Select(e => e.Key));
        Enumerable.Range(0, 6).Select(Fields).ShouldBe(["type", "units", "occurredAt", "type", "id sku open", "system"]);
        Fields(7).ShouldBe("id sku location reference", "a NUL is in no text");
        SourceStand.Outcomes(await stand.PushAsync(stand.Erp, new { events = new[] { new { id = "n", type = "movement", sku = "A", location = "1000", units = 1, occurredAt = SourceStand.Moment(1) } } }))
            .ShouldBe(["refused"], "this source is ordered by sequence");
        (await stand.Warehouse.RefusedAsync($"/sources/{till}/events", new { events = Enumerable.Repeat(new { id = "x" }, 1_001) })).Fields.ShouldBe(["events"]);
        (await stand.Warehouse.RefusedAsync("/sources/999/events", new { events = Array.Empty<object>() })).Status.ShouldBe(HttpStatusCode.NotFound);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(0);
    }

    [Fact]
    public async Task A_thousand_events_of_one_call_are_booked_and_other_tenants_see_nothing_of_the_source()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var answer = await stand.PushAsync([.. Enumerable.Range(1, 1_000).Select(n => stand.Movement($"m{n}", 1, sku: n % 2 == 0 ? "A" : "B"))]);
        ((int)answer["accepted"]!).ShouldBe(1_000);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(500);
        (await stand.Warehouse.AtAsync("B", "MAIN")).ShouldBe(500);
        using var other = await stand.Api.OtherTenantAsync();
        (await other.GetAsync($"/api/v1/sources/{stand.Erp}", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
