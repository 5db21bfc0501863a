using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>A quota of the past is told by the rules, the weights and the kits of the past.</summary>
public sealed class QuotaStoryTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    private readonly TestClock _clock = new(Start);
    private int _orders;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_version_of_a_policy_tells_the_quotas_that_were_planned_by_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 0);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        var desk = new RuleDesk(database.Api, _clock);
        var (first, second) = (merchant.Connections[0], merchant.Connections[1]);
        await ReceiveAsync(merchant, 0, 100);
        var plain = await QuotasAsync(merchant, _clock.GetUtcNow());

        var versions = new List<(DateTimeOffset At, int?[] Targets)>();
        foreach (var percent in new decimal?[] { 60, 30, null })
        {
            _clock.Advance(TimeSpan.FromMinutes(10));
            ImmutableArray<ChannelRule> rules = percent is { } p
                ? [new ChannelRule(first) { Percent = p, Reserve = 10 }, new ChannelRule(second) { Percent = 100 - p }]
                : [new ChannelRule(first) { Weight = 3 }, new ChannelRule(second) { Weight = 1, Cap = 20 }];
            await desk.SetAsync(merchant.Tenant, new AllocationChange(PolicyScope.Sku, merchant.Skus[0].Value, null, rules), null, "test", "test", null, Ct);
            _clock.Advance(TimeSpan.FromSeconds(1));
            await SettleAsync(merchant);
            versions.Add((_clock.GetUtcNow(), await TargetsAsync(merchant)));
        }

        versions.Select(v => v.Targets).ShouldBe([[64, 36], [37, 63], [80, 20]]);
        foreach (var (at, targets) in versions)
        {
            var quotas = await QuotasAsync(merchant, at);
            quotas.Select(q => q.Quota).ShouldBe(targets);
            quotas.Select(q => q.RoundedShare).ShouldBe(targets, "the share told is the share that was planned");
            quotas.ShouldAllBe(q => q.Reason == QuotaReason.Share);
        }

        (plain[0].Policy, plain[0].Rule).ShouldBe(((string?)null, (QuotaRule?)null));
        var told = await QuotasAsync(merchant, versions[0].At);
        told[0].Policy.ShouldBe("its own policy, version 1");
        told[0].Rule.ShouldBe(new QuotaRule(10, 0, null, 60, null));
        var story = await ReadAsync(merchant, 0, versions[1].At);
        Narrative.Of(story.Moment, story.Levels, null).ShouldContain(
            "Store 0 at MAIN is to show 37: its share of 100 is 37, by its own policy, version 2 (10 reserved, 30 %).");
    }

    [Fact]
    public async Task Weights_of_the_past_are_those_of_how_fast_channels_sold_then()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 0);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        await ReceiveAsync(merchant, 0, 400);
        await SettleAsync(merchant);
        var even = _clock.GetUtcNow();
        for (var i = 0; i < 60; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(20));
            await SellAsync(merchant, 0, 0, 2);
        }

        await ReceiveAsync(merchant, 0, 500);
        await SettleAsync(merchant);
        var fast = (At: _clock.GetUtcNow(), Shares: await SharesAsync(merchant));
        _clock.Advance(TimeSpan.FromDays(1));
        for (var i = 0; i < 80; i++)
        {
            await SellAsync(merchant, 0, 1, 3);
        }

        (await QuotasAsync(merchant, even)).Select(q => q.RoundedShare).ShouldBe([200, 200]);
        var then = await QuotasAsync(merchant, fast.At);
        then[0].Weight.ShouldBeGreaterThan(then[1].Weight, "the first sold, the second did not");
        then.Select(q => (int)q.RoundedShare!).ShouldBe(fast.Shares, "those that the plans of then worked with");
        then.Select(q => q.Reason).ShouldBe([QuotaReason.BelowShare, QuotaReason.AboveShare], "nobody is short of cover");
        var now = await QuotasAsync(merchant, null);
        (now[1].Weight / now[0].Weight).ShouldBeGreaterThan(then[1].Weight / then[0].Weight, "and then the second did");
    }

    [Fact]
    public async Task A_kit_of_the_past_is_told_by_its_parts_of_then()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 3, onHand: 0);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        var (a, b, kit) = (merchant.Skus[0], merchant.Skus[1], merchant.Skus[2]);
        var kits = new RuleDesk(database.Api, _clock);
        (await kits.SetAsync(merchant.Tenant, new KitChange(kit, [new Component(a, 2), new Component(b, 1)]), null, "test", "test", null, Ct)).Conflict.ShouldBeNull();
        await ReceiveAsync(merchant, 0, 50);
        await ReceiveAsync(merchant, 1, 40);
        await SettleAsync(merchant);
        var then = (At: _clock.GetUtcNow(), Targets: await TargetsAsync(merchant));
        then.Targets.ShouldAllBe(t => t > 0);
        _clock.Advance(TimeSpan.FromHours(1));
        await kits.SetAsync(merchant.Tenant, new KitChange(kit, []), null, "test", "test", null, Ct);
        await SettleAsync(merchant);
        (await TargetsAsync(merchant)).ShouldBe([50, 40, 0], "an ordinary SKU again, with nothing of its own");

        for (var sku = 0; sku < 3; sku++)
        {
            var quota = (await ReadAsync(merchant, sku, then.At)).Levels.Single().Quota;
            (quota.Quota, quota.RoundedShare).ShouldBe((then.Targets[sku], then.Targets[sku]));
        }

        var story = await ReadAsync(merchant, 2, then.At);
        story.Moment.Sku.Components.Length.ShouldBe(2);
        Narrative.Of(story.Moment, story.Levels, null)[0].ShouldBe("It is a kit of 2 × sku-0000 and 1 × sku-0001: what there is of them makes 25.");
        (await ReadAsync(merchant, 2, null)).Moment.Sku.IsKit.ShouldBeFalse();
    }

    [Fact]
    public async Task A_quota_that_a_freeze_holds_down_is_told_so_and_one_of_before_is_not()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 0);
        await database.ExecuteAsync("UPDATE skus SET mode = 2");
        await ReceiveAsync(merchant, 0, 10);
        await SettleAsync(merchant);
        var before = _clock.GetUtcNow();
        await FreezeAsync(database, 1, before.AddMinutes(5));
        _clock.Advance(TimeSpan.FromMinutes(10));
        await ReceiveAsync(merchant, 0, 6);
        await SettleAsync(merchant);
        (await TargetsAsync(merchant)).ShouldBe([5, 8], "half each; the first keeps what it shows");

        var frozen = await ReadAsync(merchant, 0, _clock.GetUtcNow());
        frozen.Levels.Select(l => (l.Quota.Reason, l.Quota.RoundedShare)).ShouldBe([(QuotaReason.Frozen, 8), (QuotaReason.Share, 8)]);
        Narrative.Of(frozen.Moment, frozen.Levels, null).ShouldContain(s => s.Contains("largest remainder 8; increases are frozen, so it is not raised."));
        (await QuotasAsync(merchant, before)).ShouldAllBe(q => q.Reason == QuotaReason.Share && q.Quota == 5);

        await FreezeAsync(database, 2, _clock.GetUtcNow().AddMinutes(5));
        _clock.Advance(TimeSpan.FromMinutes(10));
        await SettleAsync(merchant);
        var still = await ReadAsync(merchant, 0, _clock.GetUtcNow());
        Narrative.Of(still.Moment, still.Levels, null).ShouldContain("Store 0 at MAIN has no quota: all writes to it are frozen, and it goes on selling what it shows.");
    }

    /// <summary>Sets the first store's switch, as of a moment.</summary>
    private static async Task FreezeAsync(TestDatabase database, short strength, DateTimeOffset at)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO brakes (tenant_id, connection_id, strength, why, who, since) SELECT tenant_id, connection_id, $1, 'test', 'test', $2
            FROM connections ORDER BY connection_id LIMIT 1
            ON CONFLICT (tenant_id, connection_id) DO UPDATE SET strength = excluded.strength
            """,
            strength, at);
        await database.ExecuteAsync("ALTER TABLE setting_history DISABLE TRIGGER append_only");
        await database.ExecuteAsync(
            "UPDATE setting_history SET at = $2 WHERE subject = 'brake' AND (settings ->> 'strength')::smallint = $1", strength, at);
    }

    private static async Task<QuotaAccount[]> QuotasAsync(Merchant merchant, DateTimeOffset? at) =>
        [.. (await ReadAsync(merchant, 0, at)).Levels.Select(l => l.Quota)];

    private static Task<StockStory> ReadAsync(Merchant merchant, int sku, DateTimeOffset? at) =>
        new ExplainStore(merchant.Database.Api, new TestClock(Start.AddYears(1))).ReadAsync(
            merchant.Tenant, $"sku-{sku:0000}", new ExplainQuery(merchant.Skus[sku], null, null, at, null, 10), Ct);

    private static async Task<int?[]> TargetsAsync(Merchant merchant)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.ReadSkusAsync(session, merchant.Skus, Ct);
        return [.. set.Skus.OrderBy(s => s.Sku.Value).SelectMany(s => s.Levels.OrderBy(l => l.Connection.Value)).Select(l => l.Target)];
    }

    private async Task<int[]> SharesAsync(Merchant merchant)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.ReadSkusAsync(session, merchant.Skus, Ct);
        var shares = ShareAccount.Of(Cluster.Of(set, merchant.Skus[0]), _clock.GetUtcNow());
        return [.. set.FindSku(merchant.Skus[0])!.Levels.OrderBy(l => l.Connection.Value).Select(l => shares[l.Id].Share)];
    }

    private Task ReceiveAsync(Merchant merchant, int sku, int units) => ChangeAsync(merchant, set => FactEngine.Apply(
        set,
        new StockMovement(
            $"receipt:{++_orders}", null, null, _clock.GetUtcNow(), merchant.Skus[sku], merchant.Location, SyncFlow.Core.Ledger.Bucket.OnHand, units,
            SyncFlow.Core.Ledger.EntryReason.Receipt),
        _clock.GetUtcNow()).ShouldBe(FactOutcome.Applied));

    private Task SellAsync(Merchant merchant, int sku, int channel, int units) => ChangeAsync(merchant, set => FactEngine.Apply(
        set,
        new OrderFact(
            $"order:{++_orders}", merchant.Connections[channel], null, _clock.GetUtcNow(),
            Desk.Snapshot($"o-{_orders}", units, _clock.GetUtcNow(), variant: Merchant.Variant(sku))),
        _clock.GetUtcNow()).ShouldBe(FactOutcome.Applied));

    /// <summary>Plans again, and takes every target for shown and proven, until nothing moves.</summary>
    private async Task SettleAsync(Merchant merchant)
    {
        for (var round = 0; round < 4; round++)
        {
            await ChangeAsync(merchant, set => Replanner.Touch(set, merchant.Skus, _clock.GetUtcNow()));
            await ChangeAsync(merchant, set =>
            {
                foreach (var sku in set.Skus.ToList())
                {
                    set.Put(sku with { Levels = [.. sku.Levels.Select(l => l.Target is { } target ? l with { Belief = target } : l)] });
                }
            });
        }
    }

    private async Task ChangeAsync(Merchant merchant, Action<WorkingSet> change)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(
            session,
            FactRefs.Of([]) with { Skus = [.. merchant.Skus], Orders = [.. merchant.Connections.Select(c => (c, $"o-{_orders + 1}"))] },
            Ct);
        change(set);
        Replanner.Replan(set, _clock.GetUtcNow());
        await StockStore.SaveAsync(session, set, "test", _clock.GetUtcNow(), Ct);
        await session.CommitAsync(Ct);
    }
}
