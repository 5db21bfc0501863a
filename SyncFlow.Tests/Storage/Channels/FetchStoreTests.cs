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

    /// <summary>A replayed one waits like any other; a discarded one is let go; and who died with its webhook is still told by the fetch.</summary>
    [Fact]
    public async Task A_fetched_order_that_is_dead_counts_until_it_is_applied_overtaken_or_discarded_and_only_for_its_connection()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        var (store, letters, one) = (new FetchStore(database.Worker, TimeProvider.System), new DeadLetterStore(TimeProvider.System), merchant.Connections[0]);
        await store.StoreAsync(
            merchant.Tenant,
            [
                Event(merchant, one, "fetch", $"fetch:71:{Changed.UtcTicks}:AB"), Event(merchant, one, "fetch", $"order:72:{Changed.UtcTicks}:{Changed.UtcTicks}"),
                Event(merchant, one, "orders/create", "w1"), Event(merchant, one, "read", "reading:1"),
            ],
            null, Ct);
        (await UnappliedAsync(one)).ShouldBe((true, 0));
        (await store.UnappliedOrdersAsync(merchant.Tenant, one, Changed, Ct)).ShouldBe((false, 0), "what is stored meanwhile is not waited for");
        await database.ExecuteAsync("UPDATE inbox SET state = 2");
        (await UnappliedAsync(one)).ShouldBe((false, 2));
        (await UnappliedAsync(merchant.Connections[1])).ShouldBe((false, 0));

        await database.ExecuteAsync(
            "INSERT INTO orders (tenant_id, connection_id, order_ref, version_updated) VALUES ($1, $2, '71', $3 - 1), ($1, $2, '72', $3 - 1)",
            merchant.Tenant.Value, one.Value, Changed.UtcTicks);
        (await UnappliedAsync(one)).ShouldBe((false, 2));
        await database.ExecuteAsync("UPDATE orders SET version_updated = $1, version_sequence = $1 + 5 WHERE order_ref = '71'", Changed.UtcTicks);
        (await UnappliedAsync(one)).ShouldBe((false, 2), "the webhook of something else in that second");
        await database.ExecuteAsync("UPDATE orders SET version_authority = 1, version_sequence = $1 - 1 WHERE order_ref = '71'", Changed.UtcTicks);
        (await UnappliedAsync(one)).ShouldBe((false, 2), "read before it");
        await database.ExecuteAsync("UPDATE orders SET version_sequence = $1 WHERE order_ref = '71'", Changed.UtcTicks);
        (await UnappliedAsync(one)).ShouldBe((false, 1));

        await using (var session = await merchant.WorkAsync())
        {
            var left = (await DeadLetterStore.ListAsync(session, null, 10, Ct)).Single(l => l.WebhookId.StartsWith("order:", StringComparison.Ordinal));
            await letters.ReplayAsync(session, [left.Key.EventId], Ct);
            await session.CommitAsync(Ct);
            (await UnappliedAsync(one)).ShouldBe((true, 0));
            await database.ExecuteAsync("UPDATE inbox SET state = 2 WHERE state = 0");
        }

        await using var last = await merchant.WorkAsync();
        await letters.DiscardAsync(last, [.. (await DeadLetterStore.ListAsync(last, null, 10, Ct)).Select(l => l.Key.EventId)], "no order", "test", Ct);
        await last.CommitAsync(Ct);
        (await UnappliedAsync(one)).ShouldBe((false, 0));

        Task<(bool Waiting, int Dead)> UnappliedAsync(ConnectionId connection) =>
            store.UnappliedOrdersAsync(merchant.Tenant, connection, Changed.AddSeconds(1), Ct);
    }

    private static InboxEvent Event(Merchant merchant, ConnectionId connection, string topic, string name) =>
        new(merchant.Tenant, connection, topic, name, null, Changed, Changed, null, "test", "{}"u8.ToArray());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<IReadOnlyList<string>> UnknownAsync(TestDatabase database) => new FetchStore(database.Worker, TimeProvider.System).UnknownAsync(
        new TenantId(1), new ConnectionId(1), [("known", Changed), ("older", Changed), ("asked", Changed), ("new", Changed)], CancellationToken.None);
}
