using System.Text;
using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Inbox;

public sealed class InboxStoreTests(PostgresFixture postgres)
{
    private readonly TestClock clock = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_of_events_is_stored_once_however_often_it_comes_and_whoevers_it_is()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (one, other) = (await Merchant.CreateAsync(database), await Merchant.CreateAsync(database));
        var ingest = new InboxStore(database.Ingest, clock);
        InboxEvent[] group = [Event(one, "a"), Event(one, "b"), Event(other, "a"), Event(one, "a")];
        (await ingest.AppendAsync(group, Ct)).ShouldBe(3);
        (await ingest.AppendAsync(group, Ct)).ShouldBe(0);
        InboxEvent[] ours = [Event(one, "move") with { Connection = null }];
        (await ingest.AppendAsync(ours, Ct)).ShouldBe(1);
        (await ingest.AppendAsync(ours, Ct)).ShouldBe(0, "an event without a connection is stored once as well");

        var inbox = new InboxStore(database.Worker, clock);
        (await inbox.TenantsWithPendingAsync(Ct)).ShouldBe([one.Tenant, other.Tenant]);
        await using var session = await one.WorkAsync();
        var claimed = await inbox.ClaimAsync(session, 10, Ct);
        claimed.Select(c => c.WebhookId).ShouldBe(["a", "b", "move"]);
        Encoding.UTF8.GetString(claimed[0].Body.Span).ShouldBe("{\"n\":1}");
        claimed[0].Connection.ShouldBe(one.Connections[0]);
    }

    [Fact]
    public async Task Workers_side_by_side_claim_different_events_and_a_rollback_gives_them_back()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database);
        var inbox = new InboxStore(database.Worker, clock);
        await new InboxStore(database.Ingest, clock).AppendAsync([.. Enumerable.Range(0, 10).Select(i => Event(merchant, $"e{i}"))], Ct);
        await using (var first = await merchant.WorkAsync())
        await using (var second = await merchant.WorkAsync())
        {
            var one = await inbox.ClaimAsync(first, 6, Ct);
            var other = await inbox.ClaimAsync(second, 6, Ct);
            (one.Count, other.Count).ShouldBe((6, 4));
            one.Concat(other).Select(i => i.Key).Distinct().Count().ShouldBe(10);
            var nothing = new WorkingSet(await SettingsReader.ReadAsync(second, Ct));
            await using (var save = new StagedSave(second, clock.GetUtcNow(), Ct))
            {
                save.SaveFacts(nothing, [.. other.Select(i => new InboxMark(i.Key, InboxState.Done, FactOutcome.Applied, null))]);
                await save.SaveAsync(nothing, "test");
            }

            await second.CommitAsync(Ct);
        }

        await using var third = await merchant.WorkAsync();
        (await inbox.ClaimAsync(third, 500, Ct)).Count.ShouldBe(6);
        (await database.InboxStatesAsync()).ShouldBe("0: 6, 1: 4");
    }

    [Fact]
    public async Task An_event_that_fails_waits_longer_each_time_dies_after_five_attempts_and_can_be_replayed()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database);
        var inbox = new InboxStore(database.Worker, clock);
        await new InboxStore(database.Ingest, clock).AppendAsync([Event(merchant, "bad")], Ct);
        for (var attempt = 1; attempt <= InboxRetries.MostAttempts; attempt++)
        {
            await using var session = await merchant.WorkAsync();
            var item = (await inbox.ClaimAsync(session, 1, Ct)).ShouldHaveSingleItem();
            item.Attempts.ShouldBe(attempt - 1);
            var state = await inbox.RecordFailureAsync(session, item, "broken", Ct);
            state.ShouldBe(attempt == InboxRetries.MostAttempts ? InboxState.Dead : InboxState.Pending);
            (await inbox.ClaimAsync(session, 1, Ct)).ShouldBeEmpty("it waits");
            await session.CommitAsync(Ct);
            clock.Advance(InboxRetries.After(attempt));
        }

        await using var look = await merchant.WorkAsync();
        var dead = (await DeadLetterStore.ListAsync(look, null, 10, Ct)).ShouldHaveSingleItem();
        (dead.Error, dead.Attempts).ShouldBe(("broken", 5));
        (await new DeadLetterStore(clock).ReplayAsync(look, [dead.Key.EventId], Ct)).ShouldBe(1);
        (await inbox.ClaimAsync(look, 1, Ct)).ShouldHaveSingleItem().Attempts.ShouldBe(0);
    }

    private InboxEvent Event(Merchant merchant, string id) => new(
        merchant.Tenant, merchant.Connections[0], "orders/create", id, null, clock.GetUtcNow(), clock.GetUtcNow(), "2026-10",
        "shopify.webhook", Encoding.UTF8.GetBytes("{\"n\":1}"));
}
