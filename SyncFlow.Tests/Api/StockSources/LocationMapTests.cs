using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>The location map over all systems, and setting sources up.</summary>
public sealed class LocationMapTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_file_with_a_wrong_row_maps_nothing_and_names_every_line_and_column()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.Api.ConnectAsync();
        var (status, body) = await stand.CsvAsync(
            "/api/v1/location-map/csv",
            $"system,place,location\nERP,2000,SIDE\nNOBODY,1,MAIN\nERP,3000,NOWHERE\nERP,2000,MAIN\n{ApiApp.Shop},1,MAIN\n");
        status.ShouldBe(HttpStatusCode.BadRequest);
        body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["line 3: system", "line 4: location", "line 5: place", "line 6: system"]);
        var lines = (await stand.Api.GetAsync("/api/v1/location-map"))["items"]!.AsArray();
        lines.Select(l => $"{l!["system"]} {l["place"]} {l["location"]}").ShouldBe(["ERP 1000 MAIN"]);
    }

    [Fact]
    public async Task Several_places_of_a_source_may_be_one_location_and_a_place_with_units_stays_where_it_is()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.MapAsync("ERP,1001,MAIN", "ERP,2000,SIDE");
        await stand.PushAsync(stand.Position("p1", 5, 1), stand.Position("p2", 7, 2, location: "1001"));
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(12);
        var (status, body) = await stand.CsvAsync("/api/v1/location-map/csv", "system,place,location\nERP,1000,SIDE\n");
        (status, body!["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, "line 2: location"));

        var file = await stand.Api.Client.GetStringAsync("/api/v1/location-map/csv", TestContext.Current.CancellationToken);
        file.ShouldContain("ERP,erp,1001,1001,MAIN,True");
        (await stand.CsvAsync("/api/v1/location-map/csv", file)).Status.ShouldBe(HttpStatusCode.OK, "what was exported can be brought back");
    }

    [Fact]
    public async Task A_source_is_set_up_changed_and_refused_by_field()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var (status, fields) = await stand.Warehouse.RefusedAsync("/sources", new { kind = "shop", name = "ERP", writes = new[] { "committed" }, cadenceSeconds = 0, gapless = true, ordering = "luck" });
        status.ShouldBe(HttpStatusCode.BadRequest);
        fields.ShouldBe(["kind", "name", "ordering", "gapless", "cadenceSeconds", "writes"]);
        (await stand.Warehouse.RefusedAsync("/sources", new { kind = "wms", name = "W", writes = new[] { "onHand" }, referenceSystem = 99 })).Fields.ShouldBe(["referenceSystem"]);

        using var change = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/sources/{stand.Erp}")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { name = "SAP", writes = new[] { "onHand" }, ownsOnHand = false }),
        };
        var changed = (await stand.Api.SendAsync(change)).Body!;
        ((string)changed["name"]!, (bool)changed["ownsOnHand"]!, changed["writes"]!.AsArray().Count, (int)changed["cadenceSeconds"]!).ShouldBe(("SAP", false, 1, 900));
        (await stand.Api.GetAsync("/api/v1/connections?kind=erp"))["items"]!.AsArray().Count.ShouldBe(1, "a source is a connection");
    }
}
