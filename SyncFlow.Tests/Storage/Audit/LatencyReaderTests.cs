using Shouldly;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Audit;

/// <summary>One change on its whole way, with times chosen so that each stage can be told from the others.</summary>
public sealed class LatencyReaderTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset SoldAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_stage_is_told_from_the_others_and_together_they_are_the_whole()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await SellAsync(merchant, knownAt: Ms(40));
        await PushAsync(merchant, 1, plannedAt: Ms(100), sentAt: Ms(105), ElementOutcome.NotSent, answeredAt: Ms(120));
        await PushAsync(merchant, 2, plannedAt: Ms(200), sentAt: Ms(220), ElementOutcome.Acknowledged, answeredAt: Ms(250));

        await using var session = await merchant.WorkAsync();
        var told = await LatencyReader.ReadAsync(session, SoldAt, Ct);

        told.All.ShouldBe(new LatencySlice(1, 250, 250, ToLedgerMs: 40, ToPlanMs: 60, RefusedMs: 100, ToCallMs: 20, CallMs: 30, Attempts: 2));
        told.Slowest.ShouldBe(told.All, "one change is its own slowest twentieth");
        (await LatencyReader.ReadAsync(session, Ms(1), Ct)).All.ShouldBe(LatencySlice.Empty, "caused before that moment");
    }

    private static DateTimeOffset Ms(int after) => SoldAt.AddMilliseconds(after);

    private static async Task SellAsync(Merchant merchant, DateTimeOffset knownAt)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var sku = set.FindSku(merchant.Skus[0])!;
        set.Put(set.Append(sku, new LedgerEntry(
            sku.Sku, merchant.Location, Bucket.Committed, 1, EntryReason.Order, "order:1:1", null, null, null, SoldAt)));
        await StockStore.SaveAsync(session, set, "test", knownAt, Ct);
        await session.CommitAsync(Ct);
    }

    private static async Task PushAsync(
        Merchant merchant, int number, DateTimeOffset plannedAt, DateTimeOffset sentAt, ElementOutcome outcome, DateTimeOffset answeredAt)
    {
        var epoch = (await new LeaseStore(merchant.Database.Worker).AcquireAsync(
            merchant.Tenant, merchant.Connections[0], "a", TimeSpan.FromMinutes(5), Ct))!.Value;
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var level = set.FindSku(merchant.Skus[0])!.Levels[0];
        var push = new Push(
            new Guid(number, 0, 0, new byte[8]), merchant.Connections[0],
            [new PushElement(merchant.Skus[0], level.Id, 1, "item-0", Merchant.Shelf, 10, 9, SoldAt)], plannedAt, plannedAt.AddMinutes(10));
        await PushStore.StoreIntentAsync(session, set, push, "{}", epoch, Ct);
        await PushStore.SettleAsync(session, set, push, [new ElementAnswer(level.Id, outcome, null)], null, sentAt, epoch, answeredAt, Ct);
        await session.CommitAsync(Ct);
    }
}
