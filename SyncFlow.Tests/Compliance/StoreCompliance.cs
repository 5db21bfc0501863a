using System.Text.Json;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Compliance;

/// <summary>What the rules rely on a store for. Every store passes these, so that what is simulated on one holds on the other.</summary>
public abstract class StoreCompliance
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public async Task What_is_saved_is_loaded_again_by_value()
    {
        await using var store = await OpenAsync();
        var order = Order(store, "1", 3);
        await ApplyAsync(store, order);
        await using var batch = await store.BeginAsync(FactRefs.Of([order]));
        var sku = batch.Set.FindSku(store.Skus[0])!;
        sku.PoolAt(store.Location).Buckets.ShouldBe(default(Buckets) with { OnHand = 10, Committed = 3 });
        sku.FindLevel(store.Connections[0], sku.Levels[0].Listing, store.Location)!.Belief.ShouldBe(7);
        batch.Set.FindOrder(store.Connections[0], "1")!.Applied.ShouldHaveSingleItem().Committed.ShouldBe(3);
        batch.Set.FindListingByVariant(store.Connections[0], Merchant.Variant(0))!.Sku.ShouldBe(store.Skus[0]);
        batch.Set.FindSku(store.Skus[1]).ShouldBeNull("only what the references touch is loaded");
    }

    [Fact]
    public async Task A_batch_that_is_not_committed_leaves_nothing_behind()
    {
        await using var store = await OpenAsync();
        var before = JsonSerializer.Serialize(await store.SkuAsync(store.Skus[0]));
        await using (var batch = await store.BeginAsync(FactRefs.Of([Order(store, "1", 3)])))
        {
            FactEngine.Apply(batch.Set, Order(store, "1", 3), At).ShouldBe(FactOutcome.Applied);
        }

        JsonSerializer.Serialize(await store.SkuAsync(store.Skus[0])).ShouldBe(before);
        (await store.OrderAsync(store.Connections[0], "1")).ShouldBeNull();
        (await store.EntriesAsync()).Count.ShouldBe(store.Skus.Count, "the opening");
    }

    [Fact]
    public async Task Orders_lead_to_the_SKUs_they_touched_before_although_their_lines_name_others_now()
    {
        await using var store = await OpenAsync();
        await ApplyAsync(store, Order(store, "1", 3));
        await using var batch = await store.BeginAsync(FactRefs.Of([Order(store, "1", 3, item: 1)]));
        batch.Set.FindSku(store.Skus[0]).ShouldNotBeNull("its old footprint");
        batch.Set.FindSku(store.Skus[1]).ShouldNotBeNull("its new line");
    }

    [Fact]
    public async Task A_movement_key_is_taken_once_for_ever()
    {
        await using var store = await OpenAsync();
        for (var round = 0; round < 3; round++)
        {
            await ApplyAsync(store, Movement(store, "receipt:7", 5));
        }

        (await store.SkuAsync(store.Skus[0])).PoolAt(store.Location).Buckets.OnHand.ShouldBe(15);
        (await store.EntriesAsync()).Count(e => e.FactKey == "receipt:7").ShouldBe(1);
    }

    [Fact]
    public async Task Entries_are_kept_in_order_with_every_field()
    {
        await using var store = await OpenAsync();
        await ApplyAsync(store, Order(store, "1", 3), Movement(store, "receipt:7", 5), Order(store, "2", 1));
        var level = (await store.SkuAsync(store.Skus[0])).Levels.First(l => l.Connection == store.Connections[0]);
        (await store.EntriesAsync()).Skip(store.Skus.Count).ShouldBe(
        [
            new LedgerEntry(store.Skus[0], store.Location, Bucket.Committed, 3, EntryReason.Order, "order:1", null, store.Connections[0], null, At),
            new LedgerEntry(store.Skus[0], store.Location, Bucket.OnHand, 5, EntryReason.Receipt, "receipt:7", null, null, 12, At),
            new LedgerEntry(store.Skus[0], store.Location, Bucket.Committed, 1, EntryReason.Order, "order:2", null, store.Connections[0], null, At),
        ], new EntriesButLevel());
        level.Belief.ShouldBe(6);
    }

    [Fact]
    public async Task Each_batch_leaves_one_row_of_history_for_each_level_it_changed()
    {
        await using var store = await OpenAsync();
        var before = (await store.HistoryAsync()).Count;
        await ApplyAsync(store, Order(store, "1", 3), Order(store, "2", 1));
        var rows = (await store.HistoryAsync()).Skip(before).ToList();
        rows.Select(r => r.Level).ShouldBe((await store.SkuAsync(store.Skus[0])).Levels.Select(l => l.Id), ignoreOrder: true);
        rows.ShouldAllBe(r => r.At == At && r.Cause == "test");
        rows.Single(r => r.Sold == 4).Belief.ShouldBe(6);
    }

    [Fact]
    public async Task Opening_a_pool_with_nothing_in_it_is_remembered_once()
    {
        await using var store = await OpenAsync();
        var elsewhere = new LocationId(store.Location.Value + 1_000);
        for (var round = 0; round < 2; round++)
        {
            await using var batch = await store.BeginAsync(new Refs([], [], [], [store.Skus[0]], [], []));
            batch.Set.Put(batch.Set.FindSku(store.Skus[0])!.With(new Pool(elsewhere, default, Opened: true)));
            await batch.CommitAsync("test", At);
        }

        (await store.OpeningsAsync()).Where(o => o.Location == elsewhere).ShouldBe([new PoolOpening(store.Skus[0], elsewhere, true)]);
        (await store.SkuAsync(store.Skus[0])).PoolAt(elsewhere).Opened.ShouldBeTrue();
    }

    [Fact]
    public async Task A_count_that_several_facts_of_a_batch_name_is_booked_once()
    {
        await using var store = await OpenAsync();
        await ApplyAsync(
            store, Counted(store, "c1", 7, minute: 1), Counted(store, "c1", 7, minute: 1), Counted(store, "c1", 5, minute: 1, item: 1));
        (await OnHandAsync(store)).ShouldBe(7);
        (await OnHandAsync(store, item: 1)).ShouldBe(10, "the key was taken");

        await ApplyAsync(store, Counted(store, "c2", 4, minute: 2), Withdrawn(store, "c2", minute: 2));
        (await OnHandAsync(store)).ShouldBe(7);
        (await store.EntriesAsync()).Where(e => e.Reason == EntryReason.CountVariance).Select(e => (e.FactKey, e.Delta))
            .ShouldBe([("c1", -3), ("c2", -3), ("c2", 3)]);
    }

    [Fact]
    public async Task A_withdrawal_that_names_another_moment_leaves_what_was_counted_after_its_count()
    {
        await using var store = await OpenAsync();
        await ApplyAsync(store, Counted(store, "c1", 7, minute: 1));
        await ApplyAsync(store, Counted(store, "c2", 6, minute: 3));
        await ApplyAsync(store, Withdrawn(store, "c1", minute: 5));
        (await OnHandAsync(store)).ShouldBe(6);
        (await store.CountsAsync()).Select(c => (c.Key, c.Variance, c.Withdrawn)).ShouldBe([("c1", 0, true), ("c2", -4, false)]);
    }

    [Fact]
    public async Task A_level_that_is_not_there_cannot_be_saved()
    {
        await using var store = await OpenAsync();
        await using var batch = await store.BeginAsync(new Refs([], [], [], [store.Skus[0]], [], []));
        var sku = batch.Set.FindSku(store.Skus[0])!;
        batch.Set.Put(sku with { Levels = [.. sku.Levels.Select(l => l with { Id = new LevelId(l.Id.Value + 999_999) })] });
        await Should.ThrowAsync<InvalidOperationException>(() => batch.CommitAsync("test", At));
    }

    [Fact]
    public async Task An_event_is_stored_once_for_its_connection_and_day()
    {
        await using var store = await OpenAsync();
        (await store.ReceiveAsync(store.Connections[0], "w1", At)).ShouldBeTrue();
        (await store.ReceiveAsync(store.Connections[0], "w1", At.AddHours(1))).ShouldBeFalse();
        (await store.ReceiveAsync(store.Connections[1], "w1", At)).ShouldBeTrue();
        (await store.ReceiveAsync(store.Connections[0], "w1", At.AddDays(1))).ShouldBeTrue();
    }

    internal abstract Task<StoreUnderTest> OpenAsync();

    private static OrderFact Order(StoreUnderTest store, string id, int units, int item = 0) => new(
        $"order:{id}", store.Connections[0], null, At, Desk.Snapshot(id, units, At.AddSeconds(item), variant: Merchant.Variant(item)));

    private static StockMovement Movement(StoreUnderTest store, string key, int units) =>
        new(key, null, 12, At, store.Skus[0], store.Location, Bucket.OnHand, units, EntryReason.Receipt);

    private static CountTaken Counted(StoreUnderTest store, string key, int units, int minute, int item = 0) =>
        new(key, null, At.AddMinutes(minute), store.Skus[item], store.Location, units);

    private static CountWithdrawn Withdrawn(StoreUnderTest store, string key, int minute) =>
        new($"{key}:withdrawn", null, At.AddMinutes(minute), store.Skus[0], store.Location, key);

    private static async Task<int> OnHandAsync(StoreUnderTest store, int item = 0) =>
        (await store.SkuAsync(store.Skus[item])).PoolAt(store.Location).Buckets.OnHand;

    private static async Task ApplyAsync(StoreUnderTest store, params Fact[] facts)
    {
        await using var batch = await store.BeginAsync(FactRefs.Of(facts));
        foreach (var fact in facts)
        {
            FactEngine.Apply(batch.Set, fact, At);
        }

        Replanner.Replan(batch.Set, At);
        await batch.CommitAsync("test", At);
    }

    /// <summary>Which level an order's entry names is the rules' matter, not the store's.</summary>
    private sealed class EntriesButLevel : IEqualityComparer<LedgerEntry>
    {
        public bool Equals(LedgerEntry? x, LedgerEntry? y) => x! with { Level = null } == y! with { Level = null };

        public int GetHashCode(LedgerEntry obj) => 0;
    }
}

public sealed class PostgresStoreTests(PostgresFixture postgres) : StoreCompliance
{
    internal override async Task<StoreUnderTest> OpenAsync() =>
        Stores.Postgres(await Merchant.CreateAsync(await TestDatabase.CreateAsync(postgres), connections: 2, skus: 2, onHand: 10));
}

public sealed class MemoryStoreTests(PostgresFixture postgres) : StoreCompliance
{
    /// <summary>The tenant is made by the product and taken over by value; from then on nothing is asked of the database.</summary>
    internal override async Task<StoreUnderTest> OpenAsync()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        return await Stores.MemoryAsync(await Merchant.CreateAsync(database, connections: 2, skus: 2, onHand: 10));
    }
}
