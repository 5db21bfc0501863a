using System.Collections.Immutable;
using System.Text.Json;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Stock;

public sealed class RoundTripTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_field_of_a_sku_its_pools_and_its_levels_comes_back()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        SkuState saved;
        await using (var session = await merchant.WorkAsync())
        {
            var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
            var sku = set.Skus.ShouldHaveSingleItem();
            saved = sku with
            {
                Mode = EffectiveMode.EnteringGuard,
                Velocity = new Velocity(1.5, 0.25, At, 7),
                Shortfall = 3,
                OversoldUnits = 5,
                OversoldGuardedUnits = 4,
                SharedBy = "1:0@3",
                Sales = new SalesMemory(
                    [new ChannelPace(merchant.Connections[0], 2.5, 1e7 / 3, At.AddTicks(7), true)], 495_000, 9, HourPeaks.None.With(494_999, 12)),
                Pools = [new Pool(merchant.Location, new Buckets(1, 2, 3, 4, 5, 6, 7, 8, 9), Opened: true) { SetAside = 4 }],
                Levels = [FullLevel(sku.Levels.ShouldHaveSingleItem())],
            };
            set.Put(saved);
            await StockStore.SaveAsync(session, set, "test", At, Ct);
            await session.CommitAsync(Ct);
        }

        await using var again = await merchant.WorkAsync();
        var loaded = (await StockStore.LoadSkusAsync(again, merchant.Skus, Ct)).Skus.ShouldHaveSingleItem();
        AllPropertiesDiffer(FullLevel(NewLevel()), NewLevel()).ShouldBeEmpty();
        JsonSerializer.Serialize(loaded).ShouldBe(JsonSerializer.Serialize(saved));
    }

    [Fact]
    public async Task Every_field_of_a_level_comes_back_also_when_nothing_else_of_it_changed()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        foreach (var field in Fields())
        {
            LevelState saved;
            await using (var session = await merchant.WorkAsync())
            {
                var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
                var sku = set.Skus.Single();
                saved = sku.Levels[0] with { };
                field.SetValue(saved, field.GetValue(FullLevel(saved)));
                set.Put(sku with { Levels = [saved] });
                await StockStore.SaveAsync(session, set, "test", At, Ct);
                await session.CommitAsync(Ct);
            }

            await using var again = await merchant.WorkAsync();
            var loaded = (await StockStore.LoadSkusAsync(again, merchant.Skus, Ct)).Skus.Single().Levels[0];
            JsonSerializer.Serialize(loaded).ShouldBe(JsonSerializer.Serialize(saved), field.Name);
        }
    }

    [Fact]
    public async Task Every_field_of_an_order_comes_back()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var connection = merchant.Connections[0];
        var refs = Refs(orders: [(connection, "gid://shopify/Order/7")]);
        var saved = FullOrder(connection, merchant.Skus[0], merchant.Location);
        await using (var session = await merchant.WorkAsync())
        {
            var set = await StockStore.LoadAsync(session, refs, Ct);
            var placeholder = set.FindOrder(connection, saved.OrderRef)!;
            placeholder.Snapshot.ShouldBeNull();
            placeholder.Version.ShouldBe(default);
            set.Put(saved);
            await StockStore.SaveAsync(session, set, "test", At, Ct);
            await session.CommitAsync(Ct);
        }

        await using var again = await merchant.WorkAsync();
        var loaded = await StockStore.LoadAsync(again, refs, Ct);
        JsonSerializer.Serialize(loaded.FindOrder(connection, saved.OrderRef)).ShouldBe(JsonSerializer.Serialize(saved));
        loaded.FindSku(merchant.Skus[0]).ShouldNotBeNull("the SKUs of an old footprint are locked and loaded with the order");
    }

    [Fact]
    public async Task Entries_movements_work_cases_and_incidents_are_written_and_positions_are_the_ledgers_replay()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var (sku, connection) = (merchant.Skus[0], merchant.Connections[0]);
        for (var round = 0; round < 2; round++)
        {
            await using var session = await merchant.WorkAsync();
            var set = await StockStore.LoadAsync(session, Refs(skus: [sku], movements: ["move:1"]), Ct);
            var state = set.FindSku(sku)!;
            set.TryTakeMovement("move:1").ShouldBe(round == 0);
            set.Put(set.Append(state, new LedgerEntry(sku, merchant.Location, Bucket.Committed, 2, EntryReason.Order, $"order:{round}", state.Levels[0].Id, connection, 5, At)));
            set.Work.Add(new WorkItem(connection, WorkKind.FetchOrder, "order-1", At.AddSeconds(round)));
            set.Incidents.Add(new Incident("same", "kind", $"message {round}", connection, sku, null, At));
            set.Drift.Add(new DriftCase(sku, state.Levels[0].Id, DriftClass.OutsideDecrease, 5, 4, "none", At));
            await StockStore.SaveAsync(session, set, "test", At, Ct);
            await session.CommitAsync(Ct);
        }

        (await database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE bucket = 2")).ShouldBe(2);
        (await database.ScalarAsync<long>("SELECT count(*) FROM movement_keys")).ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT count(*) FROM work_items WHERE state = 0 AND asked = 2 AND due_at = $1", At)).ShouldBe(1);
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE closed_at IS NULL AND times = 2")).ShouldBe("message 1");
        (await database.ScalarAsync<long>("SELECT count(*) FROM drift_cases")).ShouldBe(2);
        (await database.ScalarAsync<int>("SELECT ats_units FROM sku_state")).ShouldBe(6);

        await using var look = await merchant.WorkAsync();
        (await LedgerAudit.PositionsDifferFromLedgerAsync(look, Ct)).ShouldBeEmpty();
        await database.ExecuteAsync("UPDATE positions SET committed = 5");
        (await LedgerAudit.PositionsDifferFromLedgerAsync(look, Ct)).ShouldHaveSingleItem()
            .ShouldBe(new PositionDifference(sku, merchant.Location, PositionDifference.Of(Bucket.Committed), 4, 5));
    }

    [Fact]
    public async Task Saving_a_level_that_is_not_there_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var sku = set.Skus.Single();
        set.Put(sku with { Levels = [sku.Levels[0] with { Id = new LevelId(999_999) }] });
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => StockStore.SaveAsync(session, set, "test", At, Ct));
        refused.Message.ShouldContain("1 level rows were to be written, 0 were there");
    }

    internal static Refs Refs(
        ImmutableHashSet<(ConnectionId, string)>? orders = null, ImmutableHashSet<SkuId>? skus = null, ImmutableHashSet<string>? movements = null) =>
        new([], [], orders ?? [], skus ?? [], [], movements ?? []);

    private static LevelState NewLevel() => new()
    {
        Id = default,
        Listing = default,
        Connection = default,
        Location = default,
    };

    private static LevelState FullLevel(LevelState level) => level with
    {
        Generation = 3,
        Status = LevelStatus.Halted,
        Belief = -4,
        Observed = new Observation(11, 638_000_000_000_000_001, At, 12, 13),
        Suspense = 2,
        SuspenseSince = At.AddMinutes(-1),
        SuspenseReadings = 1,
        Surplus = 6,
        LagReserve = 6,
        Filled = 7,
        Adopted = 4,
        DraftHolds = 3,
        Limit = SellingLimit.None,
        Opened = true,
        InFlight = new InFlight(Guid.Parse("01900000-0000-7000-8000-000000000001"), 5, 3, At, At.AddMinutes(10), At.AddSeconds(-2))
        {
            Kind = WriteKind.ThroughZero,
            AcknowledgedAt = At.AddSeconds(1),
        },
        Unverified = [new Unverified(2, At.AddTicks(7)), new Unverified(1, At.AddSeconds(1)), new Unverified(0, At, new LevelId(5_000_000_003))],
        FailedVerifications = 2,
        Target = 0,
        NeedsReading = true,
        AwaitsAttribution = true,
        CauseAt = At.AddSeconds(-3),
        ExplainedThrough = 638_000_000_000_000_002,
        SoldTotal = 5_000_000_000,
        PutBackTotal = 5_000_000_001,
        PushedTotal = -5_000_000_002,
        OpenClaims = 9,
        Shelf = new ParkedShelf
        {
            Parked = 7,
            Owed = -2,
            Since = At.AddMinutes(-5),
            Unplaced = -1,
            UnplacedReadings = 1,
            MovedTotal = 5_000_000_003,
            InFlight = 2,
            Adjusted = 3,
            AdjustedAt = At.AddSeconds(2),
            MovedAt = At.AddSeconds(3),
            Lacked = 4,
        },
    };

    // A field that is added to LevelState and forgotten here would pass the round trip by being empty.
    private static IEnumerable<string> AllPropertiesDiffer(LevelState full, LevelState empty) =>
        Fields().Where(p => Equals(p.GetValue(full), p.GetValue(empty))).Select(p => p.Name);

    private static IEnumerable<System.Reflection.PropertyInfo> Fields() => typeof(LevelState).GetProperties()
        .Where(p => p.CanWrite && p.Name is not ("Id" or "Listing" or "Connection" or "Location" or "UnitsPerSale" or "SoldAsParts"));

    private static OrderState FullOrder(ConnectionId connection, SkuId sku, LocationId location) => new(
        connection,
        "gid://shopify/Order/7",
        new FactVersion(638_000_000_000_000_003, 1, 638_000_000_000_000_004),
        new OrderSnapshot
        {
            OrderRef = "gid://shopify/Order/7",
            Version = new FactVersion(638_000_000_000_000_003, 1, 638_000_000_000_000_004),
            Origin = SnapshotOrigin.Fetch,
            CreatedAt = At.AddTicks(3),
            Cancelled = true,
            Test = true,
            SourceName = "web",
            SoldAt = "till",
            ReservationRef = "cart-7",
            Lines =
            [
                new OrderLine
                {
                    LineRef = "line-1", VariantRef = "variant-1", Quantity = 4, Open = 0, Fulfilled = 1,
                    Assignments = [new Assignment("place", 2)], Shipments = [new Shipment("shipment-1", "place", 1, At)],
                    Restocks = [new Restock("refund-1", RestockKind.Return, 1, "place")],
                },
            ],
        },
        [new FootprintRow(sku, location, new LevelId(8), 1, -2, -3, 4, 5, 6, 7) { Returned = 8, Inspected = 9, Relocated = 10 }, new FootprintRow(sku, new LocationId(99), null, 0, 0, 0, 0, 0, 0, 0)],
        UnmappedLines: 2,
        Provisional: true);
}
