using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>Units set aside from a till, at moments of the past and rebuilt beside the stored ones.</summary>
public sealed class SetAsideHistoryTests(PostgresFixture postgres)
{
    /// <summary>Settings are dated by the database's clock, so this one begins with it.</summary>
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow().AddMinutes(1);

    private readonly TestClock clock = new(Start);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_aside_is_told_for_every_moment()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await PutAsideThenSellAsync(database);

        (await AsideAsync(merchant, 1)).ShouldBe(0);
        (await AsideAsync(merchant, 3)).ShouldBe(4);
        (await AsideAsync(merchant, 5)).ShouldBe(3, "what the store sells comes out of what is aside");
        (await AsideAsync(merchant, null)).ShouldBe(3);

        var moment = (await ReadAsync(merchant, 3)).Moment;
        Narrative.Of(moment, [], null)[0].ShouldBe(
            "MAIN: 10 on hand = 10 available to sell, 4 of them set aside; the rest may be taken by a seller that nobody can cap.");
    }

    [Fact]
    public async Task A_replay_finds_and_repairs_a_figure_that_is_not_what_was_said()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await PutAsideThenSellAsync(database);
        await using var session = await merchant.WorkAsync();
        (await PositionReplay.CompareAsync(session, default, 10, Ct)).Differences.ShouldBeEmpty();

        await session.ExecuteAsync(session.Of("UPDATE positions SET set_aside = 9 WHERE tenant_id = $1"), Ct);
        (await PositionReplay.CompareAsync(session, default, 10, Ct)).Differences.ShouldBe(
            [new PositionDifference(merchant.Skus[0], merchant.Location, PositionDifference.SetAside, 3, 9)]);
        Task<List<long>> VersionAsync() =>
            session.QueryAsync(session.Of("SELECT version FROM sku_state WHERE tenant_id = $1"), row => row.GetInt64(0), Ct);
        var before = (await VersionAsync())[0];
        (await PositionReplay.RewriteAsync(session, merchant.Skus, Ct)).ShouldBe(1);
        (await VersionAsync()).ShouldBe([before + 1], "what readers keep was computed from the positions before");
        (await PositionReplay.CompareAsync(session, default, 10, Ct)).Differences.ShouldBeEmpty();
    }

    /// <summary>Ten units; four are put aside from the second connection, a till, at minute two; the first sells one at four.</summary>
    private async Task<Merchant> PutAsideThenSellAsync(TestDatabase database)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 10);
        await database.ExecuteAsync(
            "UPDATE connections SET settings = settings || '{\"uncappable\": true}' WHERE connection_id = $1", merchant.Connections[1].Value);
        clock.Advance(TimeSpan.FromMinutes(2));
        var desk = new SetAsideDesk(database.Api, clock);
        var (tenant, sku) = (merchant.Tenant.Value, merchant.Skus[0].Value);
        var word = new AsideWord(sku, merchant.Location.Value, 4, (await desk.ReadAsync(tenant, sku, Ct)).Version);
        (await desk.PutAsync(tenant, [word], Ct)).Single().Result.ShouldBe(SetAsideResult.Done);
        clock.Advance(TimeSpan.FromMinutes(2));
        var now = clock.GetUtcNow();
        await using var session = await merchant.WorkAsync();
        var order = new OrderFact("order:1", merchant.Connections[0], null, now, Desk.Snapshot("1", 1, now, variant: Merchant.Variant(0)));
        var set = await StockStore.LoadAsync(session, FactRefs.Of([order]), Ct);
        FactEngine.Apply(set, order, now).ShouldBe(FactOutcome.Applied);
        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "orders/create", now, Ct);
        await session.CommitAsync(Ct);
        return merchant;
    }

    private async Task<int> AsideAsync(Merchant merchant, int? minute) =>
        (await ReadAsync(merchant, minute)).Moment.Sku.PoolAt(merchant.Location).SetAside;

    private Task<StockStory> ReadAsync(Merchant merchant, int? minute) =>
        new ExplainStore(merchant.Database.Api, clock).ReadAsync(
            merchant.Tenant, "SKU", new ExplainQuery(merchant.Skus[0], null, null, minute is { } m ? Start.AddMinutes(m) : null, null, 10), Ct);
}
