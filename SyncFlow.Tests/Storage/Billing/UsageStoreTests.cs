using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Billing;
using Xunit;

namespace SyncFlow.Tests.Storage.Billing;

public sealed class UsageStoreTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 0, 30, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_acknowledged_write_is_counted_once_however_often_and_by_whomever_is_looked()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await TenantAsync(database);
        for (var push = 0; push < 40; push++)
        {
            await PushAsync(database, tenant, state: 2, acknowledged: (push % 3) + 1, refused: 1);
        }

        await PushAsync(database, tenant, state: 2, acknowledged: 0, refused: 5);
        await PushAsync(database, tenant, state: 3, acknowledged: 7, refused: 0); // No answer yet: nobody knows.
        var usage = new UsageStore(database.Worker, new TestClock(Now));
        var counted = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => usage.CollectAsync(tenant, Ct))));
        counted.Sum().ShouldBe(79);
        (await usage.CollectAsync(tenant, Ct)).ShouldBe(0);
        await AgreesAsync(database, tenant, 79);

        await database.ExecuteAsync("UPDATE pushes SET state = 2 WHERE state = 3");
        (await usage.CollectAsync(tenant, Ct)).ShouldBe(7);
        await AgreesAsync(database, tenant, 86);
    }

    [Fact]
    public async Task A_write_counts_in_the_period_in_which_it_was_acknowledged()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await TenantAsync(database);
        await database.ExecuteAsync("INSERT INTO billing_anchors VALUES ($1, $2)", tenant.Value, Now.AddDays(60).AddMinutes(-30));
        await PushAsync(database, tenant, 2, 3, 0, Now.AddHours(-1));
        await PushAsync(database, tenant, 2, 5, 0);
        var usage = new UsageStore(database.Worker, new TestClock(Now));
        await usage.CollectAsync(tenant, Ct);
        (await usage.RecountAsync(tenant, new BillingPeriod(Now.AddDays(-30).AddMinutes(-30)), Ct)).ShouldBe(3);
        (await usage.RecountAsync(tenant, new BillingPeriod(Now.AddMinutes(-30)), Ct)).ShouldBe(5);
    }

    [Fact]
    public async Task The_ledger_of_use_cannot_be_changed_and_is_each_tenants_own()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (one, two) = (await TenantAsync(database), await TenantAsync(database));
        await PushAsync(database, one, 2, 3, 0);
        var usage = new UsageStore(database.Worker, new TestClock(Now));
        (await usage.CollectAsync(two, Ct)).ShouldBe(0);
        (await usage.CollectAsync(one, Ct)).ShouldBe(3);
        (await Should.ThrowAsync<PostgresException>(() => database.ExecuteAsync("UPDATE usage_entries SET units = 1"))).MessageText.ShouldContain("append-only");
        await using var session = await StorageSession.OpenAsync(database.Worker, one, Ct);
        (await Should.ThrowAsync<PostgresException>(() => session.ExecuteAsync(session.Of("DELETE FROM usage_entries WHERE tenant_id = $1"), Ct)))
            .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task A_charge_is_planned_once_and_settled_once()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await TenantAsync(database);
        var usage = new UsageStore(database.Worker, new TestClock(Now));
        var period = new BillingPeriod(Now);
        UsageCharge Block(long number) => new(period, 1, number, "line", 1_000, 4m, $"usage:{number}");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => usage.PlanChargesAsync(tenant, [Block(1), Block(2)], Ct)));
        (await usage.OpenChargesAsync(tenant, Ct)).ShouldBe([Block(1), Block(2)]);
        await usage.SettleChargeAsync(tenant, Block(1), "record-1", null, Ct);
        await usage.SettleChargeAsync(tenant, Block(1), null, "too late", Ct);
        await usage.PlanChargesAsync(tenant, [Block(1), Block(2)], Ct);
        (await usage.OpenChargesAsync(tenant, Ct)).ShouldBe([Block(2)]);
        (await database.ScalarAsync<string>("SELECT external_id FROM usage_charges WHERE block = 1 AND state = 1")).ShouldBe("record-1");
    }

    [Fact]
    public async Task A_larger_plan_within_a_period_is_charged_its_own_blocks_and_the_other_ones_stay_charged()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await TenantAsync(database);
        await database.ExecuteAsync("INSERT INTO billing_anchors VALUES ($1, $2)", tenant.Value, Now);
        var usage = new UsageStore(database.Worker, new TestClock(Now.AddDays(5)));
        var terms = DefaultPlans.Terms;
        await UseAsync(database, tenant, 6_200);
        var starter = Subscribed("starter", 40m);
        await ChargeAsync(usage, tenant, starter);
        var growth = Subscribed("growth", 80m);
        await ChargeAsync(usage, tenant, growth);
        await UseAsync(database, tenant, 52_000);
        await Task.WhenAll(ChargeAsync(usage, tenant, growth), ChargeAsync(usage, tenant, growth));
        (await usage.OpenChargesAsync(tenant, Ct)).Select(c => $"{c.UsageLine} {c.Block} {c.Price:0}")
            .ShouldBe(["starter-line 1 4", "starter-line 2 4", "growth-line 1 8"]);
        (await usage.ChargeableAsync(tenant, growth, terms, Ct)).ShouldHaveSingleItem().Usage.ShouldBe(new PeriodUsage(52_000, null, 7_000, 8m));
    }

    private static async Task ChargeAsync(UsageStore usage, TenantId tenant, Subscription active)
    {
        var periods = await usage.ChargeableAsync(tenant, active, DefaultPlans.Terms, Ct);
        await usage.PlanChargesAsync(tenant, [.. periods.SelectMany(p => UsageCharges.Begun(DefaultPlans.Terms.PlanOf(active.Plan), active, tenant, p))], Ct);
    }

    private static Subscription Subscribed(string plan, decimal cap) =>
        new(plan, plan, SubscriptionStatus.Active, Now, null, Now.AddDays(30), false, $"{plan}-line", cap);

    /// <summary>Sets what was used in the period that begins now.</summary>
    private static Task UseAsync(TestDatabase database, TenantId tenant, long used) => database.ExecuteAsync(
        "INSERT INTO usage_periods (tenant_id, period_start, used) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, period_start) DO UPDATE SET used = excluded.used",
        tenant.Value, Now, used);

    private static async Task AgreesAsync(TestDatabase database, TenantId tenant, long expected)
    {
        var shown = await new BillingDesk(database.Api).UsageAsync(tenant.Value, Now, Ct);
        (shown.Used, shown.Recounted).ShouldBe((expected, expected));
    }

    private static async Task<TenantId> TenantAsync(TestDatabase database) => new(
        await database.ScalarAsync<long>("INSERT INTO tenants (name) VALUES ('Merchant') RETURNING tenant_id"));

    /// <summary>A push as the publisher leaves it.</summary>
    private static Task PushAsync(TestDatabase database, TenantId tenant, int state, int acknowledged, int refused, DateTimeOffset? at = null) => database.ExecuteAsync(
        """
        WITH p AS (
          INSERT INTO pushes (tenant_id, push_id, connection_id, lease_epoch, state, body, elements, planned_at, deadline)
          VALUES ($1, gen_random_uuid(), 1, 1, $2, '{}', $3 + $4 + 1, $5, $5) RETURNING push_id)
        INSERT INTO push_levels (tenant_id, push_id, level_id, sku_id, ordinal, generation, item_ref, external_location_id, from_units, to_units, planned_at, outcome, acknowledged_at)
        SELECT $1, push_id, n, 1, n, 1, 'i', 'l', 1, 0, $5, CASE WHEN n <= $3 THEN 1 ELSE 2 END, CASE WHEN n <= $3 THEN $5 END
        FROM p, generate_series(1, $3 + $4) n
        """,
        tenant.Value, (short)state, acknowledged, refused, at ?? Now.AddMinutes(-5));
}
