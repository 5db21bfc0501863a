using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Channels;

/// <summary>Which listed orders must be read whole before a reading of levels counts as exact.</summary>
public sealed class FetchStoreTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Changed = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Fact]
    public async Task An_order_of_which_more_was_asked_for_is_unknown_until_that_came()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await database.ExecuteAsync("INSERT INTO tenants (tenant_id, name) VALUES (1, 'Merchant')");
        await database.ExecuteAsync("INSERT INTO connections (tenant_id, connection_id, kind, name, shop) VALUES (1, 1, 'shopify', 'S', 's.myshopify.com')");
        await database.ExecuteAsync(
            """
            INSERT INTO orders (tenant_id, connection_id, order_ref, version_updated)
            VALUES (1, 1, 'known', $1), (1, 1, 'older', $1 - 1), (1, 1, 'asked', $1)
            """,
            Changed.UtcTicks);
        await database.ExecuteAsync(
            "INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at) VALUES (1, 1, $1, 'asked', now(), now())",
            (short)WorkKind.FetchOrder);
        (await UnknownAsync(database)).ShouldBe(["asked", "new", "older"], ignoreOrder: true);

        await database.ExecuteAsync("UPDATE work_items SET state = 1, finished_at = now()");
        (await UnknownAsync(database)).ShouldBe(["new", "older"], ignoreOrder: true);
    }

    /// <summary>A reading's marks count on no push but the holder's own: one that came back too late has none to tell.</summary>
    [Fact]
    public async Task What_needs_a_lease_is_stored_whole_under_it_and_not_at_all_under_an_older_one()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var (store, leases, connection) = (new FetchStore(database.Worker, TimeProvider.System), new LeaseStore(database.Worker), merchant.Connections[0]);
        await leases.AcquireAsync(merchant.Tenant, connection, "a", TimeSpan.FromMinutes(5), Ct);
        await leases.ReleaseAsync(merchant.Tenant, connection, 1, Ct);
        await leases.AcquireAsync(merchant.Tenant, connection, "b", TimeSpan.FromMinutes(5), Ct);
        InboxEvent[] events =
        [
            .. Enumerable.Range(1, 2).Select(n => new InboxEvent(
                merchant.Tenant, connection, "read", $"reading:{n}", null, Changed, Changed, null, "test", "{}"u8.ToArray())),
        ];
        await Should.ThrowAsync<LeaseLostException>(() => store.StoreAsync(merchant.Tenant, events, new LeaseOf(merchant.Tenant, connection, 1), Ct));
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(0);
        (await store.StoreAsync(merchant.Tenant, events, new LeaseOf(merchant.Tenant, connection, 2), Ct)).ShouldBe(2);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<IReadOnlyList<string>> UnknownAsync(TestDatabase database) => new FetchStore(database.Worker, TimeProvider.System).UnknownAsync(
        new TenantId(1), new ConnectionId(1), [("known", Changed), ("older", Changed), ("asked", Changed), ("new", Changed)], CancellationToken.None);
}
