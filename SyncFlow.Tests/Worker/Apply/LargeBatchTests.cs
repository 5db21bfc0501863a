using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class LargeBatchTests(PostgresFixture postgres)
{
    private const int Events = 2 * StagedSave.WorthAStage;

    private readonly TestClock clock = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_became_of_the_events_of_a_large_batch_is_what_became_of_them_in_small_ones()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (large, small) = (await AppliedAsync(database, Events), await AppliedAsync(database, StagedSave.WorthAStage / 5));
        large.ShouldBe(small);
        large.Select(l => l.Split(' ')[1]).Distinct().Count().ShouldBe(4, "applied, repeated, ignored and broken ones");
    }

    /// <summary>Name, and what became of it, of each event, when so many are applied at a time.</summary>
    private async Task<string[]> AppliedAsync(TestDatabase database, int atOnce)
    {
        var merchant = await Merchant.CreateAsync(database, skus: 3, onHand: 10);
        await new InboxStore(database.Ingest, clock).AppendAsync([.. Enumerable.Range(0, Events).Select(i => Event(merchant, i))], Ct);
        var pipeline = new ApplyPipeline(database.Worker, new InboxStore(database.Worker, clock), clock, NullLogger<ApplyPipeline>.Instance);
        while (await pipeline.RunAsync(merchant.Tenant, atOnce, Ct) is { Claimed: > 0 } result)
        {
            (result.Failed, Math.Min(result.Claimed, atOnce)).ShouldBe((0, result.Claimed));
        }

        return await database.ScalarAsync<string[]>(
            $"""
            SELECT array_agg(format('%s %s,%s %s %s', webhook_id, state, outcome, error, finished_at) ORDER BY event_id)
            FROM inbox WHERE tenant_id = {merchant.Tenant.Value}
            """);
    }

    private InboxEvent Event(Merchant merchant, int number)
    {
        // Every fifth repeats the movement before it, every seventh is not JSON, and of every eleventh nobody knows what it is.
        var movement = $"m{(number % 5 == 4 ? number - 1 : number)}";
        var body = InternalFacts.Body(new InternalFacts.MovementBody(
            movement, merchant.Skus[number % 3].Value, merchant.Location.Value, Bucket.OnHand, 1, EntryReason.Receipt, clock.GetUtcNow()));
        return new InboxEvent(
            merchant.Tenant, number % 11 == 10 ? merchant.Connections[0] : null, "movement", $"e{number}", null, clock.GetUtcNow(),
            clock.GetUtcNow(), null, number % 11 == 10 ? "alien" : InternalFacts.Movement,
            number % 7 == 6 ? Encoding.UTF8.GetBytes("{\"Key\":") : body);
    }
}
