using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Channels.Http;
using SyncFlow.Channels.Sources;
using SyncFlow.Core.Sources;
using SyncFlow.Simulator.BackOffice;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Simulator;

/// <summary>The simulated ERP, WMS, tills and 3PL: they share the stores' orders, speak the contract, and their books come out even.</summary>
public sealed class BackOfficeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_stores_and_tills_sell_is_picked_shipped_and_posted_once_in_the_end()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var receiver = await ReceiverAsync(out var receipts, refuseFirst: 2);
        Open(sandbox, receiver.Urls.First());
        var office = sandbox.Host.BackOffice;
        foreach (var shop in new[] { sandbox.Main, sandbox.Outlet })
        {
            for (var n = 0; n < 20; n++)
            {
                var variant = shop.Variants.Where(v => v.Tracked && v.Sku.Length > 0).ElementAt(n % 5);
                sandbox.World.Place(shop, new OrderRequest([new LineRequest(1, variant.Id)]));
            }
        }

        var cancelled = sandbox.Main.Orders.First();
        OrderDesk.Cancel(sandbox.World, sandbox.Main, cancelled.Id, restock: true).Accepted.ShouldBeTrue();
        await Waits.UntilAsync(() => View(office, "pos").Rows > 5 && View(office, "erp").Rows > 5, "work begins");
        office.Drain();
        await Waits.UntilAsync(() => office.Views.All(v => v.Pending == 0) && receipts().Count == View(office, "pos").Rows, "all is done");

        View(office, "wms").OpenTasks.ShouldBe(0);
        receipts().Distinct().Count().ShouldBe(receipts().Count, "each receipt was taken once");
        var books = View(office, "erp").Stock.Where(s => s.Location.StartsWith("1000/000", StringComparison.Ordinal)).GroupBy(s => s.Sku);
        foreach (var sku in books)
        {
            sku.Sum(s => s.Units).ShouldBe(sandbox.World.Truth.Of(sku.Key)!.Remaining, sku.Key);
        }

        foreach (var till in View(office, "pos").Stock)
        {
            View(office, "erp").Stock.Single(s => s.Sku == till.Sku && s.Location == "1000/0900").Units.ShouldBe(till.Units, "the ERP posted what the till sold");
        }
    }

    [Fact]
    public async Task The_systems_speak_the_contract_that_the_adapter_reads()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var receiver = await ReceiverAsync(out _);
        Open(sandbox, receiver.Urls.First());
        using var http = new HttpClient(OutboundGuard.CreateHandler(allowInside: true));
        var erp = new SourceApiClient(http, new SourceApiAccess(new Uri(sandbox.Host.BaseAddress, "back-office/erp"), SourceApiScheme.Bearer, null, "sandbox-source-token"));
        var positions = (await erp.PageAsync(SourceFeed.Positions, null, null, 1_000, Ct)).Value!;
        positions.Items.Count.ShouldBeGreaterThan(20);
        positions.Sequence.ShouldNotBeNull();
        PulledRow.OfPosition(positions.Items[0], "x", positions).Errors.ShouldBeEmpty();

        await Waits.UntilAsync(() => View(sandbox.Host.BackOffice, "erp").Rows >= 5, "the ERP posts");
        var first = (await erp.PageAsync(SourceFeed.Movements, null, null, 2, Ct)).Value!;
        first.Items.Select(PulledRow.OfMovement).ShouldAllBe(r => r.Errors.Count == 0 && r.Event != null);
        var second = (await erp.PageAsync(SourceFeed.Movements, null, first.Next, 2, Ct)).Value!;
        PulledRow.OfMovement(second.Items[0]).Event!.Sequence.ShouldBe(3);
        (await erp.PageAsync(SourceFeed.Movements, "4", null, 1, Ct)).Value!.Items.Select(PulledRow.OfMovement).Single().Event!.Sequence.ShouldBe(5);

        var wms = new SourceApiClient(http, new SourceApiAccess(new Uri(sandbox.Host.BaseAddress, "back-office/wms"), SourceApiScheme.Bearer, null, "sandbox-source-token"));
        var tasks = (await wms.PageAsync(SourceFeed.PickTasks, null, null, 10, Ct)).Value!;
        tasks.AsOf!.Value.ShouldBeGreaterThan(TimeProvider.System.GetUtcNow().AddMinutes(4), "its clock is five minutes ahead");
        var stranger = new SourceApiClient(http, new SourceApiAccess(new Uri(sandbox.Host.BaseAddress, "back-office/wms"), SourceApiScheme.Bearer, null, "wrong"));
        (await stranger.PageAsync(SourceFeed.Movements, null, null, 10, Ct)).Fault!.Code.ShouldBe("NOT_ALLOWED");
    }

    [Fact]
    public async Task An_ERP_that_is_put_back_loses_its_tail_counts_from_there_and_posts_it_again()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var receiver = await ReceiverAsync(out _);
        Open(sandbox, receiver.Urls.First());
        var office = sandbox.Host.BackOffice;
        await Waits.UntilAsync(() => View(office, "erp").Rows >= 6, "the ERP posts");
        var (status, _) = await sandbox.ControlAsync(HttpMethod.Post, "/sandbox/back-office/erp/restore", new { lost = 4 });
        ((int)status).ShouldBe(200);
        office.Drain();
        await Waits.UntilAsync(() => office.Views.All(v => v.Pending == 0), "all is done");
        View(office, "erp").Stock.Where(s => s.Location == "1000/0900").Sum(s => s.Units).ShouldBe(View(office, "pos").Stock.Sum(s => s.Units));
    }

    private static OfficeView View(Office office, string name) => office.Views.Single(v => v.Name == name);

    private static void Open(Sandbox sandbox, string api) => sandbox.Host.BackOffice.Open(new OfficeSettings
    {
        ApiUrl = new Uri(api),
        ApiKey = "key",
        Erp = new OfficeSource(1, 0),
        Wms = new OfficeSource(2, 300),
        Pos = new OfficeSource(3, -180),
        ThreePl = new OfficeSource(4, 45),
        Stores = sandbox.World.Shops.Select((shop, i) => (shop, i)).ToDictionary(s => s.shop.Domain, s => 10L + s.i),
        AllocateMs = 50,
        PickMs = 200,
        PostEveryMs = 100,
        PushEveryMs = 50,
        TillSalesPerSecond = 30,
        OutageEveryMs = 0,
    });

    /// <summary>Where tills push to: it keeps the receipts' ids, and refuses the first calls.</summary>
    private static Task<WebApplication> ReceiverAsync(out Func<IReadOnlyList<string>> receipts, int refuseFirst = 0)
    {
        var ids = new List<string>();
        receipts = () =>
        {
            lock (ids)
            {
                return [.. ids];
            }
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/api/v1/sources/{id}/events", async (string id, HttpRequest request) =>
        {
            var body = await request.ReadFromJsonAsync<JsonElement>(request.HttpContext.RequestAborted);
            if (id != 3.ToString(CultureInfo.InvariantCulture) || Interlocked.Decrement(ref refuseFirst) >= 0)
            {
                return Results.StatusCode(503);
            }

            lock (ids)
            {
                ids.AddRange(body.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("id").GetString()!));
            }

            return Results.Ok();
        });
        return StartedAsync(app);
    }

    private static async Task<WebApplication> StartedAsync(WebApplication app)
    {
        await app.StartAsync(Ct);
        return app;
    }
}
