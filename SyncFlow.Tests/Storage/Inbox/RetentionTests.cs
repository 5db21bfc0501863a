using System.Globalization;
using Shouldly;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Inbox;

public sealed class RetentionTests(PostgresFixture postgres)
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Theory]
    [InlineData(InboxState.Done, true)]
    [InlineData(InboxState.Ignored, true)]
    [InlineData(InboxState.Pending, false)]
    [InlineData(InboxState.Dead, false)]
    public async Task An_old_day_is_dropped_once_nothing_waits_on_it(InboxState state, bool dropped)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var now = TimeProvider.System.GetUtcNow();
        var (old, kept) = (now.AddDays(-40), now.AddDays(-20));
        foreach (var day in new[] { old, kept })
        {
            await PartitionAsync(database, day);
            await StoreAsync(database, merchant, day);
        }

        await database.ExecuteAsync("UPDATE inbox SET state = $1", (short)state);
        var store = new InboxStore(database.Worker, TimeProvider.System);
        (await store.DropPartitionsAsync(30, Ct)).ShouldBe(dropped ? 1 : 0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(dropped ? 1 : 2);
        (await store.DropPartitionsAsync(30, Ct)).ShouldBe(0, "it may be asked again");
    }

    [Fact]
    public async Task Days_ahead_are_made_once_and_a_day_without_a_partition_is_taken_all_the_same()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var store = new InboxStore(database.Worker, TimeProvider.System);
        (await store.EnsurePartitionsAsync(20, Ct)).ShouldBeGreaterThan(0);
        (await store.EnsurePartitionsAsync(20, Ct)).ShouldBe(0);

        await StoreAsync(database, merchant, TimeProvider.System.GetUtcNow().AddDays(50));
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox_default")).ShouldBe(1);
    }

    private static Task PartitionAsync(TestDatabase database, DateTimeOffset at)
    {
        var (from, to) = (at.UtcDateTime.Date, at.UtcDateTime.Date.AddDays(1));
        return database.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"SET ROLE syncflow_owner; CREATE TABLE inbox_{from:yyyyMMdd} PARTITION OF inbox FOR VALUES FROM ('{from:yyyy-MM-dd}') TO ('{to:yyyy-MM-dd}'); RESET ROLE"));
    }

    private static Task<int> StoreAsync(TestDatabase database, Merchant merchant, DateTimeOffset at) =>
        new InboxStore(database.Ingest, TimeProvider.System).AppendAsync(
            [
                new InboxEvent(
                    merchant.Tenant, merchant.Connections[0], "orders/create", $"id-{at.UtcTicks}", null, at, at, null, "shopify.webhook",
                    "{}"u8.ToArray()),
            ],
            Ct);
}
