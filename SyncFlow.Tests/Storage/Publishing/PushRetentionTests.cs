using System.Globalization;
using Npgsql;
using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Publishing;

/// <summary>Pushes lie in weeks: made ahead, dropped when old and done with, and found wherever they lie.</summary>
public sealed class PushRetentionTests(PostgresFixture postgres)
{
    private const string Weeks = "SELECT count(*) FROM pg_inherits WHERE inhparent IN ('pushes'::regclass, 'push_levels'::regclass)";

    private static readonly DateTimeOffset Monday = MondayOf(TimeProvider.System.GetUtcNow());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Weeks_are_made_ahead_once()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var retention = new PushRetention(database.Worker);
        (await retention.EnsureAsync(2, Ct)).ShouldBe(0, "the migration made them");
        (await retention.EnsureAsync(5, Ct)).ShouldBe(6, "three weeks of each table");
        (await retention.EnsureAsync(5, Ct)).ShouldBe(0);
        (await database.ScalarAsync<long>(Weeks)).ShouldBe(14, "six weeks and what nobody prepared, of each");
    }

    [Fact]
    public async Task What_came_while_nobody_made_weeks_is_moved_into_its_own()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var (past, present) = (Monday.AddDays(-21), TimeProvider.System.GetUtcNow());
        await DropWeekAsync(database, Monday);
        foreach (var at in new[] { past, present })
        {
            await PushAsync(merchant, at, settled: true);
        }

        (await database.ScalarAsync<long>("SELECT count(*) FROM push_levels_default")).ShouldBe(2);
        (await new PushRetention(database.Worker).EnsureAsync(2, Ct)).ShouldBe(4);
        (await database.ScalarAsync<long>("SELECT (SELECT count(*) FROM push_levels_default) + (SELECT count(*) FROM pushes_default)")).ShouldBe(0);
        (await LyingInAsync(database)).ShouldBe([Name(past), Name(present)]);
    }

    [Fact]
    public async Task A_clock_far_ahead_writes_what_is_found_and_settled_all_the_same()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var push = await PushAsync(merchant, TimeProvider.System.GetUtcNow().AddYears(3), settled: false);
        (await database.ScalarAsync<long>("SELECT count(*) FROM pushes_default")).ShouldBe(1);
        (await new PushRetention(database.Worker).EnsureAsync(2, Ct)).ShouldBe(0, "its week may yet come");

        await using (var session = await merchant.WorkAsync())
        {
            (await PushStore.UnsettledAsync(session, merchant.Connections[0], Ct)).Single().Push.Id.ShouldBe(push.Id);
        }

        await SettleAsync(merchant, push);
        (await StateAsync(database, push)).ShouldBe((2, 1, true));
    }

    [Fact]
    public async Task A_push_of_one_week_is_settled_and_proven_in_the_next()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await new PushRetention(database.Worker).EnsureAsync(2, Ct);
        var (before, after) = (Monday.AddDays(7).AddMilliseconds(-1), Monday.AddDays(7));
        var first = await PushAsync(merchant, before, settled: false);
        await SettleAsync(merchant, first);
        var second = await PushAsync(merchant, after, settled: true);
        (await LyingInAsync(database)).ShouldBe([Name(before), Name(after)]);

        // One reading proves both, and another one finds nothing left to prove.
        await ProveAsync(merchant, second, upTo: after);
        (await StateAsync(database, first)).ShouldBe((2, 1, true));
        (await StateAsync(database, second)).ShouldBe((2, 1, true));
    }

    [Fact]
    public async Task A_reading_proves_what_waited_for_it_for_longer_than_the_last_days()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var now = TimeProvider.System.GetUtcNow();
        var old = await PushAsync(merchant, now.AddDays(-60), settled: true);
        var later = await PushAsync(merchant, now.AddDays(-2), settled: true);
        var after = await PushAsync(merchant, now, settled: true);
        await new PushRetention(database.Worker).EnsureAsync(2, Ct);

        await ProveAsync(merchant, later, upTo: now.AddDays(-1));
        (await StateAsync(database, old)).ShouldBe((2, 1, true));
        (await StateAsync(database, later)).ShouldBe((2, 1, true));
        (await StateAsync(database, after)).ShouldBe((2, 1, false), "it was planned after the reading");

        await ProveAsync(merchant, after, upTo: now);
        (await StateAsync(database, after)).ShouldBe((2, 1, true));
    }

    [Theory]
    [InlineData("UPDATE pushes SET state = state", 4, 0)]
    [InlineData("UPDATE pushes SET state = 3", 0, 4)]
    [InlineData("UPDATE pushes SET state = 3; UPDATE connections SET status = 7", 4, 0)]
    [InlineData("UPDATE push_levels SET verified_at = NULL; UPDATE listing_levels SET unverified_units = 1", 0, 4)]
    [InlineData("UPDATE push_levels SET verified_at = NULL; UPDATE listing_levels SET unverified_units = 0, needs_reading = false", 4, 0)]
    public async Task Old_weeks_are_dropped_unless_something_of_them_waits(string then, int dropped, int held)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var retention = new PushRetention(database.Worker);
        foreach (var weeks in new[] { 1, 2, 14, 15 })
        {
            await PushAsync(merchant, Monday.AddDays(-7 * weeks), settled: true);
        }

        await retention.EnsureAsync(2, Ct);
        await database.ExecuteAsync("UPDATE push_levels SET verified_at = planned_at");
        await database.ExecuteAsync(then);
        (await retention.DropAsync(90, Ct)).ShouldBe((dropped, held));
        (await database.ScalarAsync<long>("SELECT count(*) FROM pushes")).ShouldBe(dropped > 0 ? 2 : 4);
        (await database.ScalarAsync<long>("SELECT count(*) FROM push_levels")).ShouldBe(dropped > 0 ? 2 : 4);
        (await retention.DropAsync(90, Ct)).Dropped.ShouldBe(0, "it may be asked again");
        (await Should.ThrowAsync<PostgresException>(() => retention.DropAsync(6, Ct))).MessageText.ShouldContain("at least 7");
    }

    [Fact]
    public async Task What_is_older_than_kept_is_told_as_that()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var (retention, proofs) = (new PushRetention(database.Worker), new PushProofStore(database.Api));
        var explain = new ExplainStore(database.Api, TimeProvider.System);
        var query = new ExplainQuery(merchant.Skus[0], null, null, null, null, 10);
        var old = await PushAsync(merchant, Monday.AddDays(-7 * 20), settled: true);
        var recent = await PushAsync(merchant, Monday.AddDays(-7), settled: true);
        await retention.EnsureAsync(2, Ct);
        (await explain.ReadAsync(merchant.Tenant, "sku-0000", query, Ct)).PushesKeptFrom.ShouldBeNull("nothing was dropped yet");
        (await proofs.KeptOnlyFromAsync(merchant.Tenant, old.Id, Ct)).ShouldBeNull();

        (await retention.DropAsync(90, Ct)).Dropped.ShouldBe(2);
        var kept = Monday.AddDays(-7 * 19);
        (await proofs.FindAsync(merchant.Tenant, old.Id, Ct)).ShouldBeNull();
        (await proofs.KeptOnlyFromAsync(merchant.Tenant, old.Id, Ct)).ShouldBe(kept);
        (await proofs.KeptOnlyFromAsync(merchant.Tenant, Guid.CreateVersion7(kept), Ct)).ShouldBeNull("there was none");

        var story = await explain.ReadAsync(merchant.Tenant, "sku-0000", query, Ct);
        story.PushesKeptFrom.ShouldBe(kept);
        story.Levels.Single().Pushes.Single().Push.ShouldBe(recent.Id);
        story.Page.Entries.ShouldAllBe(e => e.Pushes.Count == 0, "the push after the opening is not kept, and the next one is not it");
        (await proofs.FindAsync(merchant.Tenant, recent.Id, Ct))!.Value.Proof.Elements.Single().Causes
            .ShouldBeEmpty("what was recorded before the pushes that are kept was carried by one that is not");
    }

    [Fact]
    public async Task Settling_touches_the_week_of_the_push_alone_and_no_index()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var week in Enumerable.Range(1, 14))
        {
            await PushAsync(merchant, now.AddDays(-7 * week), settled: true);
        }

        await new PushRetention(database.Worker).EnsureAsync(2, Ct);
        await ProveAsync(merchant, await PushAsync(merchant, now.AddMinutes(-1), settled: true), now.AddMinutes(-1));
        var push = await PushAsync(merchant, now, settled: false);
        await using var fresh = database.ForRole(PostgresRole.Worker);
        await using var session = await StorageSession.OpenAsync(fresh, merchant.Tenant, Ct);
        await AnswerAsync(session, merchant, push);
        (await TouchedAsync(session)).ShouldBe([($"push_levels_{Name(now)}", 1), ($"pushes_{Name(now)}", 0)]);

        await ProveAsync(session, merchant, push, now);
        var proven = await TouchedAsync(session);
        proven.ShouldContain(($"push_levels_{Name(now)}", 2), "neither an answer nor a proof tells an index of a new row");
        var oldest = $"push_levels_{Name(now.AddDays(-8))}";
        proven.ShouldAllBe(t => string.CompareOrdinal(t.Name, oldest) >= 0, "the newest proof is looked for in the last days, and bounds the rest");
    }

    /// <summary>The partitions that a transaction read so far, and how many rows it wrote on their own page.</summary>
    private static Task<List<(string Name, long Hot)>> TouchedAsync(StorageSession session) => session.QueryAsync(
        session.Of("SELECT relname, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE $1 > 0 AND relname LIKE 'push%' AND seq_scan + idx_scan > 0 ORDER BY relname"),
        row => (row.GetString(0), row.GetInt64(1)), Ct);

    /// <summary>A push of the only level, as the publisher stores it.</summary>
    private static async Task<Push> PushAsync(Merchant merchant, DateTimeOffset at, bool settled)
    {
        var epoch = await EpochAsync(merchant);
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var push = new Push(
            Guid.CreateVersion7(at), merchant.Connections[0],
            [new PushElement(merchant.Skus[0], set.Skus.Single().Levels[0].Id, 1, "item-0", Merchant.Shelf, 10, 7, at)], at, at.AddMinutes(10));
        await PushStore.StoreIntentAsync(session, set, push, "{}", epoch, Ct);
        await session.CommitAsync(Ct);
        if (settled)
        {
            await AnswerAsync(merchant, push);
        }

        return push;
    }

    private static async Task SettleAsync(Merchant merchant, Push push)
    {
        await AnswerAsync(merchant, push);
        await ProveAsync(merchant, push, push.PlannedAt);
    }

    private static async Task AnswerAsync(Merchant merchant, Push push)
    {
        await using var session = await merchant.WorkAsync();
        await AnswerAsync(session, merchant, push);
        await session.CommitAsync(Ct);
    }

    private static async Task AnswerAsync(StorageSession session, Merchant merchant, Push push)
    {
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        ElementAnswer[] answers = [new(push.Elements[0].Level, ElementOutcome.Acknowledged, null)];
        await PushStore.SettleAsync(session, set, push, answers, null, push.PlannedAt, await EpochAsync(merchant), push.PlannedAt.AddSeconds(1), Ct);
    }

    private static async Task ProveAsync(Merchant merchant, Push push, DateTimeOffset upTo)
    {
        await using var session = await merchant.WorkAsync();
        await ProveAsync(session, merchant, push, upTo);
        await session.CommitAsync(Ct);
    }

    private static async Task ProveAsync(StorageSession session, Merchant merchant, Push push, DateTimeOffset upTo)
    {
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        set.Verifications.Add(new Verification(push.Elements[0].Level, upTo, upTo.AddSeconds(2)));
        await StockStore.SaveAsync(session, set, "verify", upTo, Ct);
    }

    /// <summary>The lease of the only connection, taken anew.</summary>
    private static async Task<long> EpochAsync(Merchant merchant) =>
        (await new LeaseStore(merchant.Database.Worker).AcquireAsync(merchant.Tenant, merchant.Connections[0], "a", TimeSpan.FromHours(1), Ct))!.Value;

    private static async Task<(int State, int Outcome, bool Proven)> StateAsync(TestDatabase database, Push push) => (
        await database.ScalarAsync<short>("SELECT state FROM pushes WHERE push_id = $1", push.Id),
        await database.ScalarAsync<short>("SELECT outcome FROM push_levels WHERE push_id = $1", push.Id),
        await database.ScalarAsync<bool>("SELECT verified_at IS NOT NULL FROM push_levels WHERE push_id = $1", push.Id));

    /// <summary>The weeks in which levels lie, oldest first.</summary>
    private static Task<string[]> LyingInAsync(TestDatabase database) => database.ScalarAsync<string[]>(
        "SELECT array_agg(DISTINCT substr(tableoid::regclass::text, 13) ORDER BY substr(tableoid::regclass::text, 13)) FROM push_levels");

    private static Task DropWeekAsync(TestDatabase database, DateTimeOffset week) =>
        database.ExecuteAsync($"DROP TABLE pushes_{Name(week)}, push_levels_{Name(week)}");

    private static string Name(DateTimeOffset at) => MondayOf(at).ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static DateTimeOffset MondayOf(DateTimeOffset at) =>
        new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero).AddDays(-(((int)at.UtcDateTime.DayOfWeek + 6) % 7));
}
