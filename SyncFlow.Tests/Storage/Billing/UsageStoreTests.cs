using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
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
        await AgreesAsync(usage, tenant, 79);

        await database.ExecuteAsync("UPDATE pushes SET state = 2 WHERE state = 3");
        (await usage.CollectAsync(tenant, Ct)).ShouldBe(7);
        await AgreesAsync(usage, tenant, 86);
    }

    [Fact]
    public async Task A_write_counts_in_the_month_in_which_it_was_acknowledged()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await TenantAsync(database);
        await PushAsync(database, tenant, 2, 3, 0, Now.AddHours(-1));
        await PushAsync(database, tenant, 2, 5, 0);
        var usage = new UsageStore(database.Worker, new TestClock(Now));
        await usage.CollectAsync(tenant, Ct);
        (await usage.UsedAsync(tenant, new DateOnly(2026, 11, 1), Ct)).ShouldBe(3);
        (await usage.UsedAsync(tenant, new DateOnly(2026, 12, 1), Ct)).ShouldBe(5);
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
        var month = BillingRules.MonthOf(Now);
        UsageCharge Block(long number) => new(month, number, "line", 1_000, 4m, $"usage:{number}");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => usage.PlanChargesAsync(tenant, [Block(1), Block(2)], Ct)));
        (await usage.OpenChargesAsync(tenant, Ct)).ShouldBe([Block(1), Block(2)]);
        await usage.SettleChargeAsync(tenant, Block(1), "record-1", null, Ct);
        await usage.SettleChargeAsync(tenant, Block(1), null, "too late", Ct);
        await usage.PlanChargesAsync(tenant, [Block(1), Block(2)], Ct);
        (await usage.OpenChargesAsync(tenant, Ct)).ShouldBe([Block(2)]);
        (await database.ScalarAsync<string>("SELECT external_id FROM usage_charges WHERE block = 1 AND state = 1")).ShouldBe("record-1");
    }

    private static async Task AgreesAsync(UsageStore usage, TenantId tenant, long expected)
    {
        var month = BillingRules.MonthOf(Now);
        (await usage.UsedAsync(tenant, month, Ct), await usage.RecountAsync(tenant, month, Ct)).ShouldBe((expected, expected));
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
