using System.Net;
using Shouldly;
using SyncFlow.Simulator.BackOffice;
using SyncFlow.Tests.Simulator;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>The simulated ERP behind the real Api and the worker's parts, tills pushing to it.</summary>
public sealed class BackOfficePullTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task An_ERP_that_restarted_without_its_tail_is_frozen_and_comes_out_even_once_it_is_resumed()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await using var sandbox = await Sandbox.StartAsync();
        var office = sandbox.Host.BackOffice;
        var till = await stand.Stand.SourceAsync("Tills", "pos", owns: false, writes: ["posPending"]);
        await stand.Stand.MapAsync("ERP,1000/0001,MAIN", "ERP,1000/0002,MAIN", "ERP,1000/0900,SIDE", "Tills,SHOP-1,SIDE");
        office.Open(new OfficeSettings
        {
            ApiUrl = stand.Stand.Api.Client.BaseAddress!,
            ApiKey = Api.ApiApp.Key,
            Erp = new OfficeSource(stand.Source, 0),
            Wms = new OfficeSource(0, 0),
            Pos = new OfficeSource(till, -180),
            ThreePl = new OfficeSource(0, 0),
            Stores = new Dictionary<string, long>(),
            PostEveryMs = 100,
            PushEveryMs = 50,
            TillSalesPerSecond = 15,
            OutageEveryMs = 0,
        });
        foreach (var sku in View(office).Stock.Select(s => s.Sku).Distinct())
        {
            (await stand.Stand.Api.PostAsync("/api/v1/skus", new { code = sku })).Status.ShouldBe(HttpStatusCode.Created);
        }

        var (status, body) = await stand.TrySetAsync(new
        {
            url = new Uri(sandbox.Host.BaseAddress, "back-office/erp"),
            authorization = new { scheme = "bearer", secret = "sandbox-source-token" },
            positions = true,
        });
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        await stand.AskAsync();
        await Waits.UntilAsync(() => View(office).Rows > 20, "the ERP posts");
        await stand.RoundAsync();

        // A round that takes longer than the ERP needs to post as much again sees nothing of it.
        await Waits.UntilAsync(
            async () =>
            {
                office.RestoreErp(12).ShouldBe(12);
                await stand.RoundAsync();
                return (string)(await stand.Stand.Api.GetAsync($"/api/v1/sources/{stand.Source}"))["state"]! == "frozen";
            },
            "the source is frozen");
        office.Drain();
        await Waits.UntilAsync(() => office.Views.All(v => v.Pending == 0), "what was lost is posted again");
        (await stand.Stand.Api.PostAsync($"/api/v1/sources/{stand.Source}/resume", new { })).Status.ShouldBe(HttpStatusCode.OK);
        List<string> differences = [];
        for (var round = 0; round < 5 && (round == 0 || differences.Count > 0); round++)
        {
            await stand.RoundAsync();
            await stand.Stand.ReleaseAsync();
            differences = await DifferencesAsync(stand, office);
        }

        differences.ShouldBeEmpty((await stand.PullAsync()).ToJsonString());
    }

    private static async Task<List<string>> DifferencesAsync(PullStand stand, Office office)
    {
        var differences = new List<string>();
        void Compare(string sku, string what, int ours, int theirs) => differences.AddRange(ours == theirs ? [] : [$"{sku} {what}: {ours}, not {theirs}"]);
        foreach (var sku in View(office).Stock.GroupBy(s => s.Sku))
        {
            Compare(sku.Key, "in the shop", await stand.Stand.Warehouse.AtAsync(sku.Key, "SIDE"), sku.Single(s => s.Location == "1000/0900").Units);
            Compare(sku.Key, "in the warehouse", await stand.AtAsync(sku.Key), sku.Where(s => s.Location != "1000/0900").Sum(s => s.Units));
            Compare(sku.Key, "not posted", await stand.Stand.Warehouse.AtAsync(sku.Key, "SIDE", "posPending"), 0);
        }

        return differences;
    }

    private static OfficeView View(Office office) => office.Views.Single(v => v.Name == "erp");
}
