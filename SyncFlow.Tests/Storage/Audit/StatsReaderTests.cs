using Shouldly;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Audit;

public sealed class StatsReaderTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_counted_since_a_moment_and_what_waits_or_is_dead_whatever_its_age()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var inbox = new InboxStore(database.Ingest, TimeProvider.System);
        foreach (var (age, state) in new[] { (72, 0), (72, 1), (72, 2), (25, 1), (23, 1), (23, 3), (1, 1), (1, 0) })
        {
            var at = Now.AddHours(-age);
            await inbox.AppendAsync(
                [new InboxEvent(merchant.Tenant, merchant.Connections[0], "t", $"{age}/{state}", null, at, at, null, "test", "{}"u8.ToArray())], Ct);
            await database.ExecuteAsync("UPDATE inbox SET state = $1 WHERE webhook_id = $2", (short)state, $"{age}/{state}");
        }

        await database.ExecuteAsync(
            "INSERT INTO orders (tenant_id, connection_id, order_ref, snapshot) VALUES ($1, $2, '1', '{}')", merchant.Tenant.Value, merchant.Connections[0].Value);
        await using var session = await merchant.WorkAsync();
        var day = await StatsReader.ReadAsync(session, null, Now, withOrders: false, Ct);
        (day.EventsReceived, day.EventsApplied, day.EventsIgnored, day.EventsPending, day.DeadLetters, day.OrdersKnown).ShouldBe((4, 3, 1, 2, 1, null));
        var week = await StatsReader.ReadAsync(session, Now.AddDays(-7), Now, withOrders: true, Ct);
        (week.EventsReceived, week.EventsApplied, week.EventsIgnored, week.EventsPending, week.DeadLetters, week.OrdersKnown).ShouldBe((8, 5, 1, 2, 1, 1));
    }
}
