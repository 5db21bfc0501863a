using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Connections;

public sealed class ConnectionStoreTests(PostgresFixture postgres)
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task A_shop_is_found_however_it_is_spelt_until_it_is_closed()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var shop = $"T{merchant.Tenant.Value}-Store-0.myshopify.com";
        var store = new ConnectionStore(database.Ingest);
        (await store.FindShopAsync(shop, Ct)).ShouldNotBeNull().Connection.ShouldBe(merchant.Connections[0]);
        (await store.FindShopAsync("nowhere.myshopify.com", Ct)).ShouldBeNull();

        await SetStatusAsync(merchant, ConnectionStatus.Uninstalled, "the app was uninstalled");
        (await store.FindShopAsync(shop, Ct)).ShouldNotBeNull("its orders are real").Status.ShouldBe(ConnectionStatus.Uninstalled);
        (await database.ScalarAsync<string>("SELECT last_error FROM connections")).ShouldBe("the app was uninstalled");
        await SetStatusAsync(merchant, ConnectionStatus.Closed, null);
        (await store.FindShopAsync(shop, Ct)).ShouldBeNull();
        (await database.ScalarAsync<string>("SELECT last_error FROM connections")).ShouldBe("the app was uninstalled", "a change without a reason leaves it");
    }

    [Fact]
    public async Task All_tenants_connections_are_listed_and_closed_ones_are_not()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var one = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        var two = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await SetStatusAsync(one, ConnectionStatus.Closed, null);
        var all = await new ConnectionStore(database.Worker).AllAsync(Ct);
        all.Select(c => (c.Tenant, c.Connection)).ShouldBe([(one.Tenant, one.Connections[1]), (two.Tenant, two.Connections[0])]);
    }

    [Fact]
    public async Task What_a_connection_keeps_while_it_runs_only_grows()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var session = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
        (await ConnectionStore.ReadRuntimeAsync(session, merchant.Connections[0], Ct)).ShouldBe(ConnectionRuntime.Empty);
        await ConnectionStore.NoteVerifiedAsync(session, merchant.Connections[0], at, at, Ct);
        await ConnectionStore.NoteVerifiedAsync(session, merchant.Connections[0], at.AddHours(-1), at.AddMinutes(1), Ct);
        await ConnectionStore.NoteCallsAsync(session, merchant.Connections[0], 5, 1, 900, 50, Ct);
        await ConnectionStore.NoteCallsAsync(session, merchant.Connections[0], 2, 0, null, null, Ct);
        var kept = await ConnectionStore.ReadRuntimeAsync(session, merchant.Connections[0], Ct);
        (kept.OrdersWatermark, kept.LastVerifiedAt, kept.VerifyCycles).ShouldBe((at, at.AddMinutes(1), 2));
        (kept.Calls, kept.Throttled, kept.CostAvailable, kept.CostRestore).ShouldBe((7, 1, 900, 50));
    }

    [Fact]
    public async Task A_status_changes_only_from_where_it_may()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var store = new ChannelStore(database.Worker, TimeProvider.System);
        await using var session = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
        (await store.ChangeStatusAsync(session, merchant.Connections[0], [ConnectionStatus.Paused], ConnectionStatus.Live, null, Ct)).ShouldBeFalse();
        (await store.ChangeStatusAsync(session, merchant.Connections[0], [ConnectionStatus.Live], ConnectionStatus.Suspended, "401", Ct)).ShouldBeTrue();
        (await store.ChangeStatusAsync(session, merchant.Connections[0], [ConnectionStatus.Live], ConnectionStatus.Suspended, "401", Ct)).ShouldBeFalse("once");
    }

    [Fact]
    public async Task A_reinstall_raises_the_connection_and_each_of_its_levels_and_no_other()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 3, onHand: 10);
        var clock = new TestClock();
        var raised = await new ReinstallStore(database.Worker, clock).RaiseAsync(merchant.Tenant, merchant.Connections[0], _ => Task.CompletedTask, Ct);

        raised.ShouldBe(3);
        (await database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE generation = 2 AND needs_reading AND connection_id = $1", merchant.Connections[0].Value)).ShouldBe(3);
        (await database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE generation = 1 AND connection_id = $1", merchant.Connections[1].Value)).ShouldBe(3);
        (await database.ScalarAsync<int>("SELECT generation FROM connections WHERE connection_id = $1", merchant.Connections[0].Value)).ShouldBe(2);
        (await database.ScalarAsync<DateTime>("SELECT reinstalled_at FROM connections WHERE connection_id = $1", merchant.Connections[0].Value))
            .ShouldBe(clock.GetUtcNow().UtcDateTime);
    }

    private static async Task SetStatusAsync(Merchant merchant, ConnectionStatus status, string? reason)
    {
        await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
        await ConnectionStore.SetStatusAsync(session, merchant.Connections[0], status, reason, TimeProvider.System.GetUtcNow(), Ct);
        await session.CommitAsync(Ct);
    }
}
