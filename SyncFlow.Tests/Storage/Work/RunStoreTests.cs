using Shouldly;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Work;

public sealed class RunStoreTests(PostgresFixture postgres)
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly TestClock clock = new();

    [Fact]
    public async Task Each_claim_takes_one_run_the_oldest_first_and_no_run_twice()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1);
        var store = new RunStore(database.Worker, clock);
        for (var n = 0; n < 20; n++)
        {
            await CreateAsync(merchant, store, $"kind-{n:00}");
        }

        var claimed = new List<string>();
        while (await ClaimAsync(merchant, store) is { } run)
        {
            claimed.Add(run.Kind);
        }

        claimed.ShouldBe(Enumerable.Range(0, 20).Select(n => $"kind-{n:00}"));
        (await store.TenantsWithRunsToClaimAsync(Ct)).ShouldBeEmpty("all are carried out");
        clock.Advance(TimeSpan.FromMinutes(3));
        (await store.TenantsWithRunsToClaimAsync(Ct)).ShouldBe([merchant.Tenant], "their worker is silent");
    }

    [Fact]
    public async Task A_silent_workers_run_is_another_ones_and_the_first_is_told_so()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1);
        var store = new RunStore(database.Worker, clock);
        await CreateAsync(merchant, store, "import");
        var first = (await ClaimAsync(merchant, store)).ShouldNotBeNull();
        clock.Advance(TimeSpan.FromSeconds(110));
        (await ProgressAsync(merchant, store, first)).ShouldBe(RunClaim.Held);
        clock.Advance(TimeSpan.FromSeconds(110));
        (await ClaimAsync(merchant, store)).ShouldBeNull("a report keeps the claim");

        clock.Advance(TimeSpan.FromMinutes(3));
        var second = (await ClaimAsync(merchant, store)).ShouldNotBeNull();
        (second.RunId, second.Attempts).ShouldBe((first.RunId, 2));
        (await ProgressAsync(merchant, store, first)).ShouldBe(RunClaim.Lost);
        (await FinishAsync(merchant, store, first)).ShouldBeFalse();
        (await FinishAsync(merchant, store, second)).ShouldBeTrue();
        (await database.ScalarAsync<string>("SELECT state FROM sync_runs")).ShouldBe("succeeded");
    }

    [Fact]
    public async Task A_run_during_which_every_worker_dies_is_given_up()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1);
        var store = new RunStore(database.Worker, clock);
        await CreateAsync(merchant, store, "import");
        for (var attempt = 1; attempt <= RunStore.MostAttempts; attempt++)
        {
            (await ClaimAsync(merchant, store)).ShouldNotBeNull().Attempts.ShouldBe(attempt);
            clock.Advance(TimeSpan.FromMinutes(3));
        }

        (await ClaimAsync(merchant, store)).ShouldBeNull();
        (await database.ScalarAsync<string>("SELECT state FROM sync_runs")).ShouldBe("failed");
        (await store.TenantsWithRunsToClaimAsync(Ct)).ShouldNotContain(merchant.Tenant);
    }

    [Fact]
    public async Task A_run_that_is_given_back_is_claimed_again_soon_three_times_in_all_and_then_tells_why()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1);
        var store = new RunStore(database.Worker, clock);
        await CreateAsync(merchant, store, "baseline");
        for (var attempt = 1; attempt <= RunStore.MostAttempts; attempt++)
        {
            var run = (await ClaimAsync(merchant, store)).ShouldNotBeNull();
            run.Attempts.ShouldBe(attempt);
            await using var session = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
            (await store.GiveBackAsync(session, run, "the database was away", Ct)).ShouldBeTrue();
            (await store.GiveBackAsync(session, run with { Attempts = attempt - 1 }, "late", Ct)).ShouldBeFalse("it is another worker's");
            await session.CommitAsync(Ct);
            (await ClaimAsync(merchant, store)).ShouldBeNull("not at once");
            clock.Advance(TimeSpan.FromSeconds(15));
        }

        (await ClaimAsync(merchant, store)).ShouldBeNull();
        (await database.ScalarAsync<string>("SELECT message FROM sync_runs WHERE state = 'failed'")).ShouldContain("the database was away");
    }

    [Fact]
    public async Task A_wish_to_cancel_is_seen_at_the_next_report()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1);
        var store = new RunStore(database.Worker, clock);
        await CreateAsync(merchant, store, "disconnect");
        var run = (await ClaimAsync(merchant, store)).ShouldNotBeNull();
        await database.ExecuteAsync("UPDATE sync_runs SET cancel_requested = true");

        (await ProgressAsync(merchant, store, run)).ShouldBe(RunClaim.CancelRequested);
        await using var session = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
        (await store.FinishAsync(session, run, RunEnd.Cancelled, "Cancelled.", null, Ct)).ShouldBeTrue();
        await session.CommitAsync(Ct);
        (await database.ScalarAsync<string>("SELECT state FROM sync_runs")).ShouldBe("cancelled");
    }

    private static async Task CreateAsync(Merchant merchant, RunStore store, string kind)
    {
        await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
        await store.CreateAsync(session, kind, null, "{}", Ct);
        await session.CommitAsync(Ct);
    }

    private static async Task<ClaimedRun?> ClaimAsync(Merchant merchant, RunStore store)
    {
        await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
        var run = await store.ClaimNextAsync(session, Ct);
        await session.CommitAsync(Ct);
        return run;
    }

    private static async Task<RunClaim> ProgressAsync(Merchant merchant, RunStore store, ClaimedRun run)
    {
        await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
        var claim = await store.ProgressAsync(session, run, 1, 2, "on the way", Ct);
        await session.CommitAsync(Ct);
        return claim;
    }

    private static async Task<bool> FinishAsync(Merchant merchant, RunStore store, ClaimedRun run)
    {
        await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
        var ended = await store.FinishAsync(session, run, RunEnd.Succeeded, null, "{}", Ct);
        await session.CommitAsync(Ct);
        return ended;
    }
}
