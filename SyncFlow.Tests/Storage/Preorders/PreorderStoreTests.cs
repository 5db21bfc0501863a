using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Preorders;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Preorders;

public sealed class PreorderStoreTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_receipt_lowers_what_is_on_its_way_and_both_are_remembered()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 1);
        var until = TimeProvider.System.GetUtcNow().AddDays(3);
        var desk = new PreorderDesk(database.Api, TimeProvider.System);
        var (tenant, sku) = (merchant.Tenant.Value, merchant.Skus[0].Value);
        var wish = new PreorderWish(merchant.Location.Value, 10, 8, until, null);
        (await desk.SetAsync(tenant, sku, wish, await desk.VersionAsync(tenant, sku, Ct), Ct)).ShouldBe(PreorderResult.Done);
        (await database.ScalarAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(1);

        await using (var session = await merchant.WorkAsync())
        {
            var receipt = new StockMovement(
                "goods", null, null, DateTimeOffset.UnixEpoch, merchant.Skus[0], merchant.Location, Bucket.OnHand, 5, EntryReason.Receipt);
            var set = await StockStore.LoadAsync(session, FactRefs.Of([receipt]), Ct);
            var before = set.FindSku(merchant.Skus[0])!.Policy.Preorder!;
            (before.Location, before.Cap, before.Incoming).ShouldBe((merchant.Location, 10, 8));
            before.Until.ShouldBe(until, TimeSpan.FromMilliseconds(1));
            FactEngine.Apply(set, receipt, until.AddDays(-2));
            Replanner.Replan(set, until.AddDays(-2));
            await StockStore.SaveAsync(session, set, "receipt", until.AddDays(-2), Ct);
            await session.CommitAsync(Ct);
        }

        (await desk.FindAsync(merchant.Tenant.Value, merchant.Skus[0].Value, Ct))!.Incoming.ShouldBe(3);
        (await database.ScalarAsync<string>(
            "SELECT string_agg(settings -> 'preorder' ->> 'incoming', ',' ORDER BY setting_id) FROM setting_history WHERE subject = 'sku'"))
            .ShouldBe("8,3");
    }
}
