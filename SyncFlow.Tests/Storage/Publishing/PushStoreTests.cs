using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Publishing;

public sealed class PushStoreTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_worker_holds_a_lease_and_a_lost_epoch_writes_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var (leases, connection) = (new LeaseStore(database.Worker), merchant.Connections[0]);
        var first = await leases.AcquireAsync(merchant.Tenant, connection, "a", TimeSpan.FromMilliseconds(300), Ct);
        first.ShouldBe(1);
        (await leases.AcquireAsync(merchant.Tenant, connection, "b", Long, Ct)).ShouldBeNull();
        (await leases.RenewAsync(merchant.Tenant, connection, 1, TimeSpan.FromMilliseconds(300), Ct)).ShouldBeTrue();

        long? second = null;
        await Waits.UntilAsync(async () => (second = await leases.AcquireAsync(merchant.Tenant, connection, "b", Long, Ct)) is not null, "the lease to run out");
        second.ShouldBe(2);
        (await leases.RenewAsync(merchant.Tenant, connection, 1, Long, Ct)).ShouldBeFalse();
        (await leases.ReleaseAsync(merchant.Tenant, connection, 1, Ct)).ShouldBeFalse();
        await using (var session = await merchant.WorkAsync())
        {
            await Should.ThrowAsync<LeaseLostException>(() => LeaseStore.RequireAsync(session, connection, 1, Ct));
            await LeaseStore.RequireAsync(session, connection, 2, Ct);
        }

        (await leases.ReleaseAsync(merchant.Tenant, connection, 2, Ct)).ShouldBeTrue();
        (await leases.AcquireAsync(merchant.Tenant, connection, "c", Long, Ct)).ShouldBe(3);
    }

    [Fact]
    public async Task A_push_is_stored_found_again_settled_by_element_verified_and_counted()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 3, onHand: 10);
        var connection = merchant.Connections[0];
        var epoch = (await new LeaseStore(database.Worker).AcquireAsync(merchant.Tenant, connection, "a", Long, Ct))!.Value;
        await WantAsync(merchant, target: 8);
        await WantAsync(merchant, target: 7);

        Push push;
        await using (var session = await merchant.WorkAsync())
        {
            var candidates = await PushStore.CandidatesAsync(session, connection, 10, Ct);
            candidates.Count.ShouldBe(3);
            push = new Push(
                Guid.Parse("01900000-0000-7000-8000-000000000009"), connection,
                [.. candidates.Select(c => new PushElement(c.Sku, c.Level, 1, c.ItemRef, c.ExternalLocation, 10, 7, At))], At, At + Long)
            {
                Kind = PushKind.Move,
            };
            await PushStore.StoreIntentAsync(session, await StockStore.LoadSkusAsync(session, merchant.Skus, Ct), push, "{}", epoch, Ct);
            var stored = (await PushStore.UnsettledAsync(session, connection, Ct)).ShouldHaveSingleItem();
            stored.Push.Elements.ShouldBe(push.Elements);
            stored.Push.Kind.ShouldBe(PushKind.Move);
            (stored.State, stored.Body, stored.Epoch, stored.SentAt).ShouldBe((PushState.Sent, "{}", epoch, null));
            await session.CommitAsync(Ct);
        }

        await using (var session = await merchant.WorkAsync())
        {
            ElementAnswer[] answers =
            [
                new(push.Elements[0].Level, ElementOutcome.Acknowledged, null), new(push.Elements[1].Level, ElementOutcome.Stale, "STALE"),
                new(push.Elements[2].Level, ElementOutcome.Unknown, null),
            ];
            var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
            await PushStore.SettleAsync(session, set, push, answers, "lost", At.AddMilliseconds(50), epoch, At.AddMilliseconds(200), Ct);
            var unknown = (await PushStore.UnsettledAsync(session, connection, Ct)).Single();
            (unknown.State, unknown.SentAt).ShouldBe((PushState.Unknown, At.AddMilliseconds(50)));
            set.Verifications.Add(new Verification(push.Elements[0].Level, At, At.AddSeconds(1)));
            await StockStore.SaveAsync(session, set, "verify", At, Ct);
            (await PushStore.CloseResolvedAsync(session, connection, At, Ct)).ShouldBe(1, "no level carries it");
            await session.CommitAsync(Ct);
        }

        await using var look = await merchant.WorkAsync();
        var stats = await StatsReader.ReadAsync(look, null, At.AddSeconds(31), withOrders: false, Ct);
        (stats.LevelsPushed, stats.PushesSent, stats.PushesAcknowledged, stats.PushesVerified).ShouldBe((3, 1, 1, 1));
        (stats.PushesStale, stats.PushesUnknown, stats.DirtyLevels).ShouldBe((1, 1, 3));
        stats.CoalescingRatio.ShouldBe(3, "each write carries the opening's target and the two that followed");
        (stats.Latency.Acknowledged.P95, stats.Latency.Acknowledged.Count).ShouldBe((200, 1));
        stats.Latency.Verified.P50.ShouldBe(1_000);
        (stats.Recent.Seconds, stats.Recent.Acknowledged.Count).ShouldBe((30, 0), "acknowledged before the last 30 seconds");
        (stats.Recent.Verified.Count, stats.Recent.Verified.P99).ShouldBe((1, 1_000), "proven within them");
    }

    [Fact]
    public async Task Decreases_come_before_increases_and_a_paused_connection_has_no_candidates()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 10);
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        foreach (var (sku, target) in set.Skus.OrderBy(s => s.Sku.Value).Zip([12, 3]).ToList())
        {
            set.Put(sku.With(sku.Levels[0] with { Target = target }));
        }

        await StockStore.SaveAsync(session, set, "test", At, Ct);
        (await PushStore.CandidatesAsync(session, merchant.Connections[0], 10, Ct)).Select(c => c.Sku).ShouldBe([merchant.Skus[1], merchant.Skus[0]]);
        await SyncFlow.Storage.Connections.ConnectionStore.SetStatusAsync(session, merchant.Connections[0], ConnectionStatus.Paused, null, At, Ct);
        (await PushStore.CandidatesAsync(session, merchant.Connections[0], 10, Ct)).ShouldBeEmpty();
    }

    private static async Task WantAsync(Merchant merchant, int target)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        foreach (var sku in set.Skus.ToList())
        {
            set.Put(sku.With(sku.Levels[0] with { Target = target }));
        }

        await StockStore.SaveAsync(session, set, "test", At, Ct);
        await session.CommitAsync(Ct);
    }
}
