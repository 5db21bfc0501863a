using Npgsql;
using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Orders;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Stock;

public sealed class OrderRaceTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_transactions_that_make_one_order_the_later_fails_and_finds_it_when_it_begins_again()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var refs = new Refs([], [], [(merchant.Connections[0], "7")], [], [], []);
        await using (var first = await merchant.WorkAsync())
        await using (var second = await merchant.WorkAsync())
        {
            var (one, other) = (await StockStore.LoadAsync(first, refs, Ct), await StockStore.LoadAsync(second, refs, Ct));
            one.Put(Order(one, 1));
            await StockStore.SaveAsync(first, one, "test", At, Ct);
            await first.CommitAsync(Ct);

            other.Put(Order(other, 2));
            var raced = await Should.ThrowAsync<PostgresException>(() => StockStore.SaveAsync(second, other, "test", At, Ct));
            StockStore.IsWorthAnotherTry(raced).ShouldBeTrue();
        }

        await using var again = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(again, refs, Ct);
        set.FindOrder(merchant.Connections[0], "7")!.Version.UpdatedAt.ShouldBe(1);
        set.Put(Order(set, 3));
        await StockStore.SaveAsync(again, set, "test", At, Ct);
        await again.CommitAsync(Ct);
        (await database.ScalarAsync<long>("SELECT version_updated FROM orders")).ShouldBe(3);

        OrderState Order(WorkingSet set, long version) =>
            set.FindOrder(merchant.Connections[0], "7")! with { Version = new(version, 0, 0) };
    }

    [Fact]
    public async Task An_order_that_was_only_looked_at_leaves_no_row()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await using (var session = await merchant.WorkAsync())
        {
            var set = await StockStore.LoadAsync(session, new Refs([], [], [(merchant.Connections[0], "7")], [], [], []), Ct);
            await StockStore.SaveAsync(session, set, "test", At, Ct);
            await session.CommitAsync(Ct);
        }

        (await database.ScalarAsync<long>("SELECT count(*) FROM orders")).ShouldBe(0);
    }
}
