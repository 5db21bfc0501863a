using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Billing;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Billing;
using Xunit;

namespace SyncFlow.Tests.Worker.Billing;

/// <summary>Billing by the Billing API in the whole worker, against the sandbox's Shopify.</summary>
public sealed class BillingLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plan_is_offered_approved_changed_and_ended()
    {
        await using var world = await StartAsync();
        var offered = await RunAsync(world, "billing-subscribe", """{"plan":"starter"}""");
        var page = (string)offered["confirmationUrl"]!;
        (await StandingAsync(world)).ShouldBe(BillingStanding.Trial, "until the merchant approves, the trial holds");
        await PostAsync(page);
        await Waits.UntilAsync(async () => await StandingAsync(world) is BillingStanding.Trial && await PlanAsync(world) == "starter|active", "the webhook tells", Limit);

        // A larger plan takes the place of the smaller one; the trial is not given twice.
        var larger = await RunAsync(world, "billing-subscribe", """{"plan":"growth","cap":16}""");
        await PostAsync((string)larger["confirmationUrl"]!);
        await Waits.UntilAsync(async () => await PlanAsync(world) == "growth|active", "the larger plan", Limit);
        world.A.Billing.Subscriptions.Select(s => (s.Status, s.TrialDays > 0, s.Test)).ShouldBe([("CANCELLED", true, true), ("ACTIVE", false, true)]);
        (await world.CountAsync("SELECT allowed FROM billing_standing")).ShouldBe(60_000, "50,000, and two blocks of 5,000 for 16");

        await RunAsync(world, "billing-cancel", "{}");
        (await StandingAsync(world)).ShouldBe(BillingStanding.Grace);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE incident_key = 'billing' AND closed_at IS NULL")).ShouldBe(1);
        (await world.RunToEndAsync("billing-subscribe", 1, """{"plan":"moon"}""")).Message.ShouldContain("moon");
    }

    [Fact]
    public async Task Use_beyond_the_plan_is_charged_once_a_block_though_answers_are_lost_and_stops_at_the_cap()
    {
        await using var world = await StartAsync();
        await PostAsync((string)(await RunAsync(world, "billing-subscribe", """{"plan":"starter","cap":9}"""))["confirmationUrl"]!);
        await RunAsync(world, "billing-refresh", "{}");
        await UseAsync(world, 7_500);

        // Answers are lost while it is charged; the same key again charges nothing more.
        world.A.Faults = world.A.Faults with { LostAnswerRate = 0.5 };
        for (var round = 0; round < 12; round++)
        {
            await CycleAsync(world);
        }

        world.A.Faults = world.A.Faults with { LostAnswerRate = 0 };
        await CycleAsync(world);
        var records = world.A.Billing.Subscriptions[^1].Records;
        records.Select(r => (r.Price, r.Key)).ShouldBe([(4m, records[0].Key), (4m, records[1].Key)]);
        records.Select(r => r.Key).Distinct().Count().ShouldBe(2, "9 pays for two blocks of 4");
        (await world.CountAsync("SELECT count(*) FROM usage_charges WHERE state = 1")).ShouldBe(2);
        (await StandingAsync(world)).ShouldBe(BillingStanding.Grace, "7,500 of 7,000 are used");
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'billing-usage'")).ShouldBe(3, "80, 90 and 100 %, once each");
        (await world.CountAsync("SELECT sum(used)::bigint - (SELECT sum(units) FROM usage_entries) FROM usage_periods")).ShouldBe(0);
    }

    [Fact]
    public async Task C39_After_a_lapse_sales_still_lower_every_store_and_nothing_is_raised_until_it_is_paid_again()
    {
        await using var world = await StartAsync(skus: 1);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(Limit);
        var sku = world.A.Variants[0].Sku;
        await world.Database.ExecuteAsync("UPDATE tenants SET created_at = now() - interval '20 days'");
        await CycleAsync(world);
        (await StandingAsync(world)).ShouldBe(BillingStanding.Stopped);

        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => Task.FromResult(WorkerWorld.Shown(world.B, sku) == 97), "the sale lowers the other store", Limit);
        await world.ReceiveAsync([(await world.CountAsync("SELECT sku_id FROM skus"), 10)]);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE delta = 10") == 1, "the receipt is booked", Limit);
        await world.QuietAsync(Limit);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((97, 97), "nothing is raised");

        await PostAsync((string)(await RunAsync(world, "billing-subscribe", """{"plan":"starter"}"""))["confirmationUrl"]!);
        await RunAsync(world, "billing-refresh", "{}");
        await Waits.UntilAsync(
            () => Task.FromResult((WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)) == (107, 107)), "what was held back is raised", Limit);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE incident_key = 'billing' AND closed_at IS NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_takes_nothing_away()
    {
        await using var world = await StartAsync();
        await PostAsync((string)(await RunAsync(world, "billing-subscribe", """{"plan":"growth"}"""))["confirmationUrl"]!);
        await RunAsync(world, "billing-refresh", "{}");
        world.A.Faults = world.A.Faults with { Outage = true };
        await CycleAsync(world);
        (await PlanAsync(world)).ShouldBe("growth|active");
        (await StandingAsync(world)).ShouldBe(BillingStanding.Trial);
    }

    private async Task<WorkerWorld> StartAsync(int skus = 1)
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus, worker: false);
        (world.More["Billing:Provider"], world.More["Billing:Test"]) = ("billing-api", "true");
        await world.StartWorkerAsync();
        await world.RunAsync("import", 1); // Subscribes to webhooks, of subscriptions too.
        return world;
    }

    private static async Task<JsonNode> RunAsync(WorkerWorld world, string kind, string parameters)
    {
        var (state, message) = await world.RunToEndAsync(kind, 1, parameters);
        state.ShouldBe("succeeded", message);
        return JsonNode.Parse(await world.Database.ScalarAsync<string>("SELECT result::text FROM sync_runs WHERE kind = $1 ORDER BY run_id DESC LIMIT 1", kind))!;
    }

    /// <summary>One round of billing now instead of within a minute.</summary>
    private static Task<Entitlement?> CycleAsync(WorkerWorld world) =>
        world.Services.GetRequiredService<BillingCycle>().RunAsync(new TenantId(1), ask: true, Ct);

    /// <summary>Counts use as pushes would.</summary>
    private static async Task UseAsync(WorkerWorld world, int units) => await world.Database.ExecuteAsync(
        """
        WITH entry AS (
          INSERT INTO usage_entries (tenant_id, entry_key, period_start, units, at) SELECT 1, 'push:test', $2, $1, now() RETURNING period_start, units)
        INSERT INTO usage_periods (tenant_id, period_start, used) SELECT 1, period_start, units FROM entry
        ON CONFLICT (tenant_id, period_start) DO UPDATE SET used = usage_periods.used + excluded.used
        """,
        units, BillingPeriod.Of(await world.Database.ScalarAsync<DateTime>("SELECT anchor FROM billing_anchors"), TimeProvider.System.GetUtcNow()).Start);

    private static async Task<BillingStanding> StandingAsync(WorkerWorld world) =>
        (BillingStanding)await world.CountAsync("SELECT coalesce((SELECT standing::bigint FROM billing_standing), 0)");

    private static async Task<string> PlanAsync(WorkerWorld world) => await world.Database.ScalarAsync<string>(
        "SELECT coalesce((SELECT b.plan || '|' || CASE s.status WHEN 2 THEN 'active' ELSE 'other' END FROM billing_standing b JOIN subscriptions s ON s.plan = b.plan AND s.status = 2), '')");

    private static async Task PostAsync(string address)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(address, null, Ct);
        answer.IsSuccessStatusCode.ShouldBeTrue(answer.StatusCode.ToString());
    }
}
