using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Billing;
using Xunit;

namespace SyncFlow.Tests.Worker.Billing;

/// <summary>Billing by Shopify App Pricing in the whole worker, against the sandbox's Partner API and App Events.</summary>
public sealed class AppPricingLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plan_chosen_on_Shopifys_page_holds_and_its_meter_is_told_each_block_once()
    {
        var clock = new LeapingClock();
        await using var world = await StartAsync(clock);
        (await CycleAsync(world)).ShouldNotBeNull().Standing.ShouldBe(BillingStanding.Trial, "no plan was chosen yet");

        await ChooseAsync(world, new { plan = "starter", trialDays = 7 });
        var trial = (await CycleAsync(world)).ShouldNotBeNull();
        (trial.Standing, trial.Plan.Id, trial.Allowed).ShouldBe((BillingStanding.Trial, "starter", 15_000), "5,000, and ten blocks of 1,000 for the proposed cap");
        (trial.Until!.Value - clock.GetUtcNow()).TotalDays.ShouldBe(7, 0.1);

        clock.Ahead = TimeSpan.FromDays(8);
        (await CycleAsync(world)).ShouldNotBeNull().Standing.ShouldBe(BillingStanding.Active);
        await UseAsync(world, 6_500);
        await Task.WhenAll(CycleAsync(world), CycleAsync(world));
        await CycleAsync(world);
        var told = await PlanAsync(world);
        ((long)told["billed"]!, told["events"]!.AsArray().Count).ShouldBe((2_000, 2), "two blocks were begun, each told once");
        (await world.CountAsync("SELECT count(*) FROM usage_charges WHERE state = 1")).ShouldBe(2);

        // The next cycle begins anew; the one before stays billed.
        clock.Ahead += TimeSpan.FromDays(30);
        (await CycleAsync(world)).ShouldNotBeNull().Allowed.ShouldBe(15_000);
        await UseAsync(world, 5_001);
        await CycleAsync(world);
        ((long)(await PlanAsync(world))["billed"]!).ShouldBe(1_000);
        (await world.CountAsync("SELECT count(*) FROM usage_charges WHERE state = 1")).ShouldBe(3);

        await ChooseAsync(world, new { plan = (string?)null });
        (await CycleAsync(world)).ShouldNotBeNull().Standing.ShouldBe(BillingStanding.Grace);
    }

    [Fact]
    public async Task A_wrong_secret_of_ours_takes_nothing_away()
    {
        await using var world = await StartAsync(new LeapingClock(), partnerToken: "wrong");
        await ChooseAsync(world, new { plan = "growth" });
        (await CycleAsync(world)).ShouldNotBeNull().Standing.ShouldBe(BillingStanding.Trial, "what is not known is no lapse");
    }

    private async Task<WorkerWorld> StartAsync(TimeProvider clock, string partnerToken = "sandbox-partner-token")
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, clock: clock, worker: false);
        var sandbox = world.Sandbox.BaseAddress;
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["Billing:Provider"] = "app-pricing",
            ["Billing:TokenUrl"] = $"{sandbox}auth/access_token",
            ["Billing:EventsUrl"] = $"{sandbox}app/2026-10/events",
            ["Billing:PartnerUrl"] = $"{sandbox}partners/1/api/2026-07/graphql.json",
            ["Billing:PartnerToken"] = partnerToken,
            ["Billing:AppId"] = "gid://partners/App/1",
            ["Channels:Shopify:ClientId"] = "sandbox-client-id",
            ["Channels:Shopify:ClientSecret"] = "sandbox-client-secret",
        })
        {
            world.More[name] = value;
        }

        await world.StartWorkerAsync();
        return world;
    }

    private static Task<Entitlement?> CycleAsync(WorkerWorld world) =>
        world.Services.GetRequiredService<BillingCycle>().RunAsync(new TenantId(1), ask: true, Ct);

    private static Task UseAsync(WorkerWorld world, int units) => world.Database.ExecuteAsync(
        "UPDATE usage_periods SET used = used + $1 WHERE period_start = (SELECT max(period_start) FROM usage_terms)", units);

    private static async Task ChooseAsync(WorkerWorld world, object choice)
    {
        using var http = new HttpClient { BaseAddress = world.Sandbox.BaseAddress };
        using var answer = await http.PutAsJsonAsync($"/sandbox/stores/{world.A.Domain}/plan", choice, Ct);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<JsonNode> PlanAsync(WorkerWorld world)
    {
        using var http = new HttpClient { BaseAddress = world.Sandbox.BaseAddress };
        return JsonNode.Parse(await http.GetStringAsync($"/sandbox/stores/{world.A.Domain}/plan", Ct))!;
    }

    /// <summary>The system's clock, days ahead; timers run as ever, so that a leap of a month is none for whoever waits.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }
}
