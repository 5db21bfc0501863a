using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
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

    private static Task<IReadOnlyList<string>> UnknownAsync(TestDatabase database) => new FetchStore(database.Worker, TimeProvider.System).UnknownAsync(
        new TenantId(1), new ConnectionId(1), [("known", Changed), ("older", Changed), ("asked", Changed), ("new", Changed)], CancellationToken.None);
}
