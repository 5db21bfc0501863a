using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Ledger;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Upkeep;
using Xunit;

namespace SyncFlow.Tests.Worker.Upkeep;

public sealed class ReplayNightsTests(PostgresFixture postgres)
{
    private const string Done = "SELECT count(*) FROM ledger_replays WHERE replayed_through = $1 AND claimed_until IS NULL";

    /// <summary>In the afternoon: a worker that was not there at night.</summary>
    private readonly TestClock clock = new(new DateTimeOffset(2027, 5, 4, 15, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_night_that_was_missed_is_done_when_a_worker_runs_and_each_tenants_by_one_worker()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchants = new[] { await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 3), await Merchant.CreateAsync(database, connections: 0, skus: 1) };
        var nights = new NightlyReplays(database.Worker, clock);
        (await nights.DueAsync(nights.Night, Ct)).ShouldBe(merchants.Select(m => m.Tenant));
        (await nights.ClaimAsync(merchants[1].Tenant, nights.Night, Ct)).ShouldBeTrue();
        (await nights.ClaimAsync(merchants[1].Tenant, nights.Night, Ct)).ShouldBeFalse("another worker is at it");

        await database.ExecuteAsync("UPDATE positions SET on_hand = 99");
        await Replays(database).RunAsync(Ct);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'position-differs'")).ShouldBe(1);
        (await database.ScalarAsync<long>(Done, new DateOnly(2027, 5, 4))).ShouldBe(1);
        clock.Advance(TimeSpan.FromMinutes(16));
        (await nights.DueAsync(nights.Night, Ct)).ShouldBe([merchants[1].Tenant], "its worker fell silent");
        await Replays(database).RunAsync(Ct);
        (await nights.DueAsync(nights.Night, Ct)).ShouldBeEmpty();
        clock.Advance(TimeSpan.FromHours(12));
        (await nights.DueAsync(nights.Night, Ct)).Count.ShouldBe(2, "the next night has begun");
    }

    [Fact]
    public async Task A_tenant_whose_comparison_fails_is_not_done_and_is_tried_again_while_the_others_are()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (bad, good) = (await Merchant.CreateAsync(database, connections: 0, skus: 1, onHand: 3), await Merchant.CreateAsync(database, connections: 0, skus: 1));
        await database.ExecuteAsync("UPDATE positions SET on_hand = 99");
        await database.ExecuteAsync(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE check_violation USING MESSAGE = 'poison'; END $$");
        await database.ExecuteAsync("CREATE TRIGGER poison BEFORE INSERT ON incidents FOR EACH ROW EXECUTE FUNCTION poison()");
        await Replays(database).RunAsync(Ct);
        (await database.ScalarAsync<long>("SELECT tenant_id FROM ledger_replays WHERE replayed_through IS NOT NULL")).ShouldBe(good.Tenant.Value);

        await database.ExecuteAsync("DROP TRIGGER poison ON incidents");
        clock.Advance(TimeSpan.FromMinutes(16));
        await Replays(database).RunAsync(Ct);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'position-differs' AND tenant_id = $1", bad.Tenant.Value)).ShouldBe(1);
        (await database.ScalarAsync<long>(Done, new DateOnly(2027, 5, 4))).ShouldBe(2);
    }

    private ReplayNights Replays(TestDatabase database) => new(
        new NightlyReplays(database.Worker, clock), new LedgerReplay(new ChannelStore(database.Worker, clock), database.Worker, clock),
        NullLogger<ReplayNights>.Instance);
}
