using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Explaining;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class ExplainTraceTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_order_is_traced_from_its_webhook_through_the_ledger_to_the_proven_push_on_the_other_store()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 50);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        await Task.Delay(5);
        var before = TimeProvider.System.GetUtcNow();
        var sku = world.A.Variants[0].Sku;
        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 47, "the other store to follow");
        await world.QuietAsync(QuietLimit);

        var now = await ReadAsync(world, null);
        var entry = now.Page.Entries.First(e => e.Recorded.Entry.Bucket == Bucket.Committed && e.Recorded.Entry.Delta == 3);
        entry.Event.ShouldNotBeNull("the event is still kept");
        entry.Event.AppliedAt.ShouldNotBeNull();
        var other = now.Levels.Single(l => l.State.Connection.Value == 2);
        var push = entry.Pushes.ShouldHaveSingleItem();
        push.Level.ShouldBe(other.State.Id);
        (push.From, push.To).ShouldBe((50, 47));
        (push.AcknowledgedAt >= push.SentAt && push.VerifiedAt > push.AcknowledgedAt && push.PlannedAt >= entry.Recorded.RecordedAt).ShouldBeTrue();
        other.Pushes[0].Push.ShouldBe(push.Push);
        other.Belief!.Belief.ShouldBe(47);
        Narrative.Of(now.Moment, now.Levels, null).ShouldContain(s => s.Contains("from 50 to 47", StringComparison.Ordinal) && s.Contains("proven by a reading", StringComparison.Ordinal));

        // Asked about a moment before the order, nothing of it is known.
        var then = await ReadAsync(world, before);
        then.Moment.Sku.Pools.ShouldHaveSingleItem().Buckets.ShouldBe(default(Buckets) with { OnHand = 50 });
        then.Levels.ShouldAllBe(l => l.Belief!.Belief == 50);
        then.Levels.SelectMany(l => l.Pushes).ShouldAllBe(p => p.PlannedAt <= before);
    }

    private static Task<StockStory> ReadAsync(WorkerWorld world, DateTimeOffset? at) =>
        new ExplainStore(world.Database.Api, TimeProvider.System).ReadAsync(
            new TenantId(WorkerWorld.Tenant), "SKU", new ExplainQuery(new SkuId(1), null, null, at, null, 50), CancellationToken.None);
}
