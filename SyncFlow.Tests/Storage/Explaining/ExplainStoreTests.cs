using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

public sealed class ExplainStoreTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_past_is_told_as_it_was_known_and_what_came_later_does_not_change_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 10);
        await ApplyAsync(merchant, Start, Order(merchant, 0, "5512", 3, Start));
        var then = await ReadAsync(merchant, Start);

        // Much later, and with another safety buffer.
        await ApplyAsync(merchant, Start.AddHours(1), Order(merchant, 1, "77", 2, Start.AddHours(1)));
        await database.ExecuteAsync("UPDATE skus SET safety_buffer = 4");
        var again = await ReadAsync(merchant, Start);
        Narrative.Of(again.Moment, again.Levels, null).ShouldBe(Narrative.Of(then.Moment, then.Levels, null));
        again.Page.Entries.Select(e => e.Recorded).ShouldBe(then.Page.Entries.Select(e => e.Recorded));

        var pool = again.Moment.Sku.PoolAt(merchant.Location);
        pool.Buckets.ShouldBe(default(Buckets) with { OnHand = 10, Committed = 3 });
        pool.Opened.ShouldBeTrue();
        AvailableToSell.Of(pool, again.Moment.Sku.Policy).ShouldBe(7);

        var now = await ReadAsync(merchant, null);
        AvailableToSell.Of(now.Moment.Sku.PoolAt(merchant.Location), now.Moment.Sku.Policy).ShouldBe(1);
        (await ReadAsync(merchant, Start.AddDays(-400))).Moment.Sku.Pools.ShouldBeEmpty("nothing was recorded yet");
    }

    [Fact]
    public async Task Sentences_lead_from_the_shelf_to_the_channel()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 11);
        await ApplyAsync(merchant, Start, Order(merchant, 0, "5512", 4, Start));
        var story = await ReadAsync(merchant, null);
        var why = Narrative.Of(story.Moment, story.Levels, null);
        why[0].ShouldBe("MAIN: 11 on hand − 4 committed to open orders = 7 available to sell.");
        why[1].ShouldStartWith("Mode ");
        why.ShouldContain(s => s.StartsWith("Store 0 at MAIN is believed to show 7: 11 since 2026-01-01 00:00:00 (as far back as is told here), then 4 sold", StringComparison.Ordinal));
        story.Page.Entries.Select(e => Words.Of(e.Recorded.Entry, story.Moment.Names)).ShouldBe(
            ["Order 5512 on Store 0: 4 more committed to open orders at MAIN", "Counted in at the start: 11 more on hand at MAIN"]);
    }

    [Fact]
    public async Task In_guard_the_quota_shows_its_share_its_weight_and_the_rounding()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 11);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        await database.ExecuteAsync("UPDATE connections SET settings = settings || '{\"weight\": 2}' WHERE connection_id = $1", merchant.Connections[0].Value);
        await ApplyAsync(merchant, Start, Order(merchant, 0, "1", 1, Start));
        var story = await ReadAsync(merchant, null);
        var quota = story.Levels[0].Quota;
        (quota.Mode, quota.Weight, quota.Weights).ShouldBe((story.Moment.Sku.Mode, 2d, 3d));
        story.Moment.Sku.Mode.ShouldNotBe(EffectiveMode.Shared);
        quota.ExactShare!.Value.ShouldBe(6.667, 0.001);
        quota.RoundedShare.ShouldBe(7);
        story.Levels.Sum(l => l.Quota.RoundedShare).ShouldBe(10, "largest remainder shares out exactly what there is");
        Narrative.Of(story.Moment, story.Levels, null).ShouldContain(s => s.Contains("its share of 10 by weight 2 of 3 is 6.667, by largest remainder 7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_of_entries_join_without_gap_and_every_page_adds_up()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 500);
        for (var i = 0; i < 9; i++)
        {
            // Several orders in one batch: entries of one moment.
            await ApplyAsync(merchant, Start.AddMinutes(i), [.. Enumerable.Range(0, 3).Select(n => Order(merchant, n % 2, $"{i}-{n}", 1 + n, Start.AddMinutes(i)))]);
        }

        var (seen, from) = (new List<TracedEntry>(), (LedgerPoint?)null);
        IReadOnlyList<PoolSums>? expected = null;
        do
        {
            var page = (await ReadAsync(merchant, null, from, 4)).Page;
            var sums = page.Before.ShouldHaveSingleItem().Buckets;
            foreach (var entry in page.Entries.Reverse())
            {
                sums = sums.Add(entry.Recorded.Entry.Bucket, entry.Recorded.Entry.Delta);
                entry.Sum.ShouldBe(sums[entry.Recorded.Entry.Bucket]);
            }

            sums.ShouldBe(page.After.ShouldHaveSingleItem().Buckets);
            expected?.Select(p => p.Buckets).ShouldBe(page.After.Select(p => p.Buckets));
            (expected, from) = (page.Before, page.Next);
            seen.AddRange(page.Entries);
        }
        while (from is not null);

        expected!.ShouldHaveSingleItem().Buckets.ShouldBe(default);
        seen.Count.ShouldBe(28);
        seen.Select(e => e.Recorded.Id).ShouldBe(seen.Select(e => e.Recorded.Id).OrderDescending());
    }

    [Fact]
    public async Task A_pool_opened_with_nothing_is_known_as_opened_from_that_moment_on()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await using (var session = await merchant.WorkAsync())
        {
            var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
            set.Put(set.Skus.Single().With(new Pool(merchant.Location, default, Opened: true)));
            await StockStore.SaveAsync(session, set, "count", Start, Ct);
            await session.CommitAsync(Ct);
        }

        (await ReadAsync(merchant, Start)).Moment.Sku.PoolAt(merchant.Location).Opened.ShouldBeTrue();
        (await ReadAsync(merchant, Start.AddSeconds(-1))).Moment.Sku.Pools.ShouldBeEmpty();
    }

    private static Task<StockStory> ReadAsync(Merchant merchant, DateTimeOffset? at, LedgerPoint? from = null, int size = 50) =>
        new ExplainStore(merchant.Database.Api, TimeProvider.System).ReadAsync(
            merchant.Tenant, "SKU", new ExplainQuery(merchant.Skus[0], null, null, at, from, size), Ct);

    private static OrderFact Order(Merchant merchant, int channel, string id, int units, DateTimeOffset at) => new(
        $"order:{merchant.Connections[channel].Value}:gid://shopify/Order/{id}", merchant.Connections[channel], null, at,
        Desk.Snapshot($"gid://shopify/Order/{id}", units, at, variant: Merchant.Variant(0)));

    private static async Task ApplyAsync(Merchant merchant, DateTimeOffset at, params Fact[] facts)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(session, FactRefs.Of(facts), Ct);
        foreach (var fact in facts)
        {
            FactEngine.Apply(set, fact, at).ShouldBe(FactOutcome.Applied);
        }

        Replanner.Replan(set, at);
        await StockStore.SaveAsync(session, set, "orders/create", at, Ct);
        await session.CommitAsync(Ct);
    }
}
