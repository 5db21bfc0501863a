using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>Bounded guard from its setting through plan, sale and reading to what is told of it, in the database.</summary>
public sealed class BoundedStoryTests(PostgresFixture postgres)
{
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow().AddMinutes(1));
    private int _facts;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_market_is_written_over_keeps_its_reserve_through_a_put_back_and_is_explained()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 40);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        var market = merchant.Connections[1];
        await database.ExecuteAsync(
            """UPDATE connections SET kind = 'market', settings = settings || '{"claimingSources": ["web"]}' WHERE connection_id = $1""", market.Value);
        var set = await new BoundedGuardDesk(database.Api, TimeProvider.System).SetAsync(
            merchant.Tenant.Value, market.Value, new BoundedGuardSettings(60), Ct);
        (set.Found, set.Fault).ShouldBe((true, null));

        await ChangeAsync(merchant, all =>
        {
            var sku = all.FindSku(merchant.Skus[0])!;
            all.Put(sku with
            {
                Mode = EffectiveMode.Guard,
                Levels = [.. sku.Levels.Select(l => l with { Belief = 10, Target = 10, Unverified = [], NeedsReading = false })],
            });
        });
        await SellAsync(merchant, market, 1);
        (await LevelAsync(merchant, market)).LagReserve.ShouldBe(1, "one was sold, so one is kept");
        var push = (await PlanAsync(merchant, market))!;
        push.Elements[0].To.ShouldBeGreaterThan(10, "up without a word of zero");
        var to = push.Elements[0].To;
        await SettleAsync(merchant, push);

        // Another was sold there before the value arrived, and is put back by it.
        await SellAsync(merchant, market, 1);
        var level = await LevelAsync(merchant, market);
        (level.Belief, level.LagReserve, level.NeedsReading).ShouldBe((to - 1, 1, true));
        level.UpperBound.ShouldBe(to, "the reserve covers what it shows");
        await ReadAsync(merchant, level, to);
        (await LevelAsync(merchant, market)).Belief.ShouldBe(to);

        var story = await new ExplainStore(database.Api, _clock).ReadAsync(
            merchant.Tenant, "sku-0000", new ExplainQuery(merchant.Skus[0], null, null, null, null, 10), Ct);
        var quota = story.Levels.Single(l => l.State.Connection == market).Quota;
        (quota.LagReserve, quota.Bounded).ShouldBe((1, new BoundedGuard(60)));
        string.Join('\n', Narrative.Of(story.Moment, story.Levels, null)).ShouldContain(
            "less a lag reserve of 1 (its own pace × 60 s × 3): it is in bounded guard, so what it sells within that time beyond the reserve may be oversold");
        story.Levels.Single(l => l.State.Connection == market).Rows[0].LagReserve.ShouldBe(1);
        (await new StockDesk(database.Api).LevelsAsync(merchant.Tenant.Value, merchant.Skus[0].Value, Ct))
            .Single(l => l.ConnectionId == market.Value).LagReserve.ShouldBe(1);
        var standing = (await new BoundedGuardDesk(database.Api, TimeProvider.System).FindAsync(merchant.Tenant.Value, market.Value, Ct))!;
        (standing.Enabled, standing.Levels, standing.KeptOff).ShouldBe((true, 1, 1));
    }

    private Task SellAsync(Merchant merchant, ConnectionId channel, int units)
    {
        _clock.Advance(TimeSpan.FromSeconds(5));
        return ChangeAsync(merchant, set => FactEngine.Apply(
            set,
            new OrderFact(
                $"order:{++_facts}", channel, null, _clock.GetUtcNow(),
                Desk.Snapshot($"o-{_facts}", units, _clock.GetUtcNow(), variant: Merchant.Variant(0))),
            _clock.GetUtcNow()).ShouldBe(FactOutcome.Applied));
    }

    private Task ReadAsync(Merchant merchant, LevelState level, int shown)
    {
        _clock.Advance(TimeSpan.FromSeconds(5));
        var now = _clock.GetUtcNow();
        return ChangeAsync(merchant, set => FactEngine.Apply(
            set,
            new LevelRead($"reading:{++_facts}", level.Connection, null, now, new Reading(
                level.Id, ReadingKind.Drained, level.Generation, shown, shown, level.OpenClaims, now, level.SoldTotal, level.PutBackTotal,
                level.PushedTotal, level.OpenClaims)),
            now).ShouldBe(FactOutcome.Applied));
    }

    private async Task<Push?> PlanAsync(Merchant merchant, ConnectionId channel)
    {
        Push? push = null;
        await ChangeAsync(merchant, set =>
        {
            var level = set.FindSku(merchant.Skus[0])!.Levels.Single(l => l.Connection == channel);
            push = Planner.Plan(
                set, channel, [new PlanCandidate(merchant.Skus[0], level.Id, "i", Merchant.Shelf)], new Guid(++_facts, 0, 0, new byte[8]), _clock.GetUtcNow()).Push;
        });
        return push;
    }

    private Task SettleAsync(Merchant merchant, Push push) => ChangeAsync(merchant, set => Settlement.Settle(
        set, push, [.. push.Elements.Select(e => new ElementAnswer(e.Level, ElementOutcome.Acknowledged, null))], _clock.GetUtcNow()));

    private async Task<LevelState> LevelAsync(Merchant merchant, ConnectionId channel)
    {
        await using var session = await merchant.WorkAsync();
        return (await StockStore.ReadSkusAsync(session, merchant.Skus, Ct)).Skus.Single().Levels.Single(l => l.Connection == channel);
    }

    private async Task ChangeAsync(Merchant merchant, Action<WorkingSet> change)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(
            session, FactRefs.Of([]) with { Skus = [.. merchant.Skus], Orders = [.. merchant.Connections.Select(c => (c, $"o-{_facts + 1}"))] }, Ct);
        change(set);
        Replanner.Replan(set, _clock.GetUtcNow());
        await StockStore.SaveAsync(session, set, "test", _clock.GetUtcNow(), Ct);
        await session.CommitAsync(Ct);
    }
}
