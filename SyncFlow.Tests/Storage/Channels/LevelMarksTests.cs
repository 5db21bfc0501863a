using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Channels;

public sealed class LevelMarksTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task R13_A_level_on_which_units_of_another_are_sought_is_read_though_nothing_of_its_own_is_in_doubt()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2);
        var marks = new LevelMarks(database.Worker, TimeProvider.System);
        await database.ExecuteAsync("UPDATE listing_levels SET status = 3, needs_reading = false");
        (await WantedAsync()).ShouldBeEmpty();

        var asked = await SaveAsync(merchant, level => level with { Unverified = [new Unverified(0, At, new LevelId(99))] });
        (asked.NeedsReading, asked.WantsReading).ShouldBe((false, true));
        (await WantedAsync()).ShouldBe([asked.Id]);
        (await database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE at_work AND NOT needs_reading AND unverified_units = 0")).ShouldBe(1);

        await SaveAsync(merchant, level => level with { Unverified = [] });
        (await WantedAsync()).ShouldBeEmpty("it was read");

        async Task<List<LevelId>> WantedAsync() =>
            (await marks.ListAsync(merchant.Tenant, merchant.Connections[0], MarkWish.Unproven, [], 0, 10, Ct)).ConvertAll(m => m.Level);
    }

    /// <summary>The first SKU's level, changed.</summary>
    private static async Task<LevelState> SaveAsync(Merchant merchant, Func<LevelState, LevelState> change)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, [merchant.Skus[0]], Ct);
        var sku = set.Skus.ShouldHaveSingleItem();
        var level = change(sku.Levels[0]);
        set.Put(sku.With(level));
        await StockStore.SaveAsync(session, set, "test", At, Ct);
        await session.CommitAsync(Ct);
        return level;
    }
}
