using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Billing;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Billing;

public sealed class TenantWeightsTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_merchant_weighs_what_its_plan_says_once_billing_has_decided_and_one_before_that()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (large, none) = (await Merchant.CreateAsync(database, skus: 1), await Merchant.CreateAsync(database, skus: 1));
        await database.ExecuteAsync(
            """
            INSERT INTO subscriptions (tenant_id, external_id, connection_id, plan, status, status_since, seen_at)
            VALUES ($1, 'one', $2, 'scale', $3, $4, $4)
            """,
            large.Tenant.Value, large.Connections[0].Value, (short)SubscriptionStatus.Active, Now);
        var workers = new TenantWeights(database.Worker);
        await workers.RefreshAsync(Ct);
        workers.Of(large.Tenant).ShouldBe(1);

        await new StandingStore(database.Worker, new TestClock(Now.AddDays(1))).DecideAsync(large.Tenant, DefaultPlans.Terms, Now, Ct);
        workers.Of(large.Tenant).ShouldBe(1, "what was read holds until it is read anew");
        foreach (var weights in new[] { workers, new TenantWeights(database.Api), new TenantWeights(database.Ingest) })
        {
            await weights.RefreshAsync(Ct);
            (weights.Of(large.Tenant), weights.Of(none.Tenant), weights.Of(new TenantId(999))).ShouldBe((4, 1, 1));
        }
    }
}
