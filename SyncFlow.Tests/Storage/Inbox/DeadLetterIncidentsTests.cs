using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Operations;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Inbox;

public sealed class DeadLetterIncidentsTests(PostgresFixture postgres)
{
    private readonly TestClock clock = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_incident_stays_open_while_a_dead_letter_of_its_connection_is_left_and_a_minute_longer()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        var incidents = new DeadLetterIncidents(database.Worker, clock);
        foreach (var connection in new[] { merchant.Connections[0], merchant.Connections[1], (ConnectionId?)null })
        {
            await DieAsync(merchant, connection);
        }

        (await new OpenIncidents(database.Worker, clock).TenantsAsync([DeadLetterIncidents.Kind], Ct)).ShouldBe([merchant.Tenant]);
        clock.Advance(TimeSpan.FromHours(1));
        (await incidents.CloseSettledAsync(merchant.Tenant, Ct)).ShouldBe(0);

        await SettleAsync(merchant, connection: merchant.Connections[0]);
        await SettleAsync(merchant, connection: null);
        (await incidents.CloseSettledAsync(merchant.Tenant, Ct)).ShouldBe(2);
        (await database.ScalarAsync<string>("SELECT string_agg(incident_key, ' ') FROM incidents WHERE closed_at IS NULL"))
            .ShouldBe($"dead-letter:{merchant.Connections[1].Value}");

        // Seen a moment ago: what died may not be visible to who looks.
        await DieAsync(merchant, merchant.Connections[0]);
        await SettleAsync(merchant, connection: merchant.Connections[0]);
        (await incidents.CloseSettledAsync(merchant.Tenant, Ct)).ShouldBe(0);
        clock.Advance(TimeSpan.FromMinutes(1));
        (await incidents.CloseSettledAsync(merchant.Tenant, Ct)).ShouldBe(1);
    }

    private async Task DieAsync(Merchant merchant, ConnectionId? connection)
    {
        var inbox = new InboxStore(merchant.Database.Worker, clock);
        await using var session = await merchant.WorkAsync();
        await InboxStore.AppendAsync(
            session,
            [
                new InboxEvent(
                    merchant.Tenant, connection, "test", $"{connection}:{clock.GetUtcNow().Ticks}", null, clock.GetUtcNow(), clock.GetUtcNow(), null, "test",
                    "{}"u8.ToArray()),
            ],
            Ct);
        var item = (await inbox.ClaimAsync(session, 1, Ct)).ShouldHaveSingleItem();
        (await inbox.RecordFailureAsync(session, item with { Attempts = InboxRetries.MostAttempts - 1 }, "poison", Ct)).ShouldBe(InboxState.Dead);
        await session.CommitAsync(Ct);
    }

    private async Task SettleAsync(Merchant merchant, ConnectionId? connection)
    {
        await using var session = await merchant.WorkAsync();
        var letters = await DeadLetterStore.ListAsync(session, null, 10, Ct);
        await new DeadLetterStore(clock).DiscardAsync(session, [.. letters.Where(l => l.Connection == connection).Select(l => l.Key.EventId)], "not wanted", "test", Ct);
        await session.CommitAsync(Ct);
    }
}
