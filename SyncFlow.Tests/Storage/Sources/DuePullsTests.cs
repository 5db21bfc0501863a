using Shouldly;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Pulling;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Sources;

public sealed class DuePullsTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_merchant_with_many_sources_due_does_not_hide_the_one_of_another_that_is_due_since_later()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (many, one) = (await Merchant.CreateAsync(database, skus: 1), await Merchant.CreateAsync(database, skus: 1));
        foreach (var minutes in new[] { 60, 50, 40, 30, 20 })
        {
            await DueAsync(database, many, minutes);
        }

        await DueAsync(database, one, 1);
        await DueAsync(database, one, -10);
        var store = new PullStore(database.Worker, TimeProvider.System);
        (await store.DueAsync(most: 3, ofOne: 9, Ct)).ConvertAll(d => d.Tenant).ShouldBe([many.Tenant, one.Tenant, many.Tenant]);
        (await store.DueAsync(most: 9, ofOne: 2, Ct)).ConvertAll(d => d.Tenant).ShouldBe([many.Tenant, one.Tenant, many.Tenant]);
        (await store.DueAsync(most: 9, ofOne: 9, Ct)).Count.ShouldBe(6, "what is not due is not told");
    }

    private static async Task DueAsync(TestDatabase database, Merchant merchant, int minutes)
    {
        var draft = new SourceDraft(
            $"erp{minutes}", "ERP", SourceStrategy.FullRefresh, SourceOrdering.Time, 900, [Bucket.OnHand], OwnsOnHand: minutes == 60, null, Gapless: false);
        var source = (await new SourceDesk(database.Api, TimeProvider.System).CreateAsync(merchant.Tenant.Value, draft, Ct))!.Value;
        await database.ExecuteAsync(
            """
            INSERT INTO source_pulls (tenant_id, connection_id, base_url, scheme, movements, positions, pick_tasks, page_size, overlap, refresh_seconds,
              due_at, refresh_due_at, created_at, updated_at)
            VALUES ($1, $2, 'https://erp.example.com', 1, true, false, false, 100, 0, 3600, now() - $3 * interval '1 minute', now() + interval '1 hour', now(), now())
            """,
            merchant.Tenant.Value, source, minutes);
        await database.ExecuteAsync("UPDATE sources SET state = 1 WHERE connection_id = $1", source);
    }
}
