using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Connections;
using Xunit;

namespace SyncFlow.Tests.Worker.Connections;

/// <summary>Workers that share connections; what they do with them is to note that they do.</summary>
public sealed class LeaseKeeperTests(PostgresFixture postgres)
{
    private const int Count = 24;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<ConnectionId, string> _worked = [];
    private readonly ConcurrentBag<string> _twice = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_are_shared_by_those_that_live_and_never_worked_on_by_two()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Merchant.CreateAsync(database, connections: Count - 1, skus: 1);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        using var stopOne = new CancellationTokenSource();
        var one = Keeper(database, "one").RunAsync(stopOne.Token);
        await Waits.UntilAsync(() => Task.FromResult(Of("one") == Count), "the first worker has all", Limit);
        var epochs = await EpochsAsync(database);
        epochs.ShouldBe(Count, "each was taken once, and is renewed under its epoch");

        using var stopTwo = new CancellationTokenSource();
        var two = Keeper(database, "two").RunAsync(stopTwo.Token);
        var share = _worked.Keys.Count(c => LeaseShares.Of(c, ["one", "two"]) == "two");
        share.ShouldBeInRange(4, Count - 4);
        await Waits.UntilAsync(() => Task.FromResult(Of("two") == share && Of("one") == Count - share), "the second has its share", Limit);
        (await EpochsAsync(database)).ShouldBe(epochs + share, "what is not its share did not move");

        await database.ExecuteAsync("UPDATE connections SET status = 5 WHERE tenant_id = $1", merchant.Tenant.Value);
        await Waits.UntilAsync(() => Task.FromResult(!_worked.ContainsKey(merchant.Connections[0])), "what may not be called is let go", Limit);
        await database.ExecuteAsync("UPDATE connections SET status = 3 WHERE tenant_id = $1", merchant.Tenant.Value);
        await Waits.UntilAsync(() => Task.FromResult(_worked.Count == Count), "it is taken again", Limit);

        await stopOne.CancelAsync();
        await one;
        await Waits.UntilAsync(() => Task.FromResult(Of("two") == Count), "the one that is left has all", TimeSpan.FromSeconds(5));
        await stopTwo.CancelAsync();
        await two;
        _worked.ShouldBeEmpty();
        _twice.ShouldBeEmpty();
        (await database.ScalarAsync<long>("SELECT count(*) FROM workers")).ShouldBe(0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM connection_runtime WHERE lease_until > clock_timestamp()")).ShouldBe(0);
    }

    [Fact]
    public async Task A_lease_under_which_plan_after_plan_is_made_without_a_gap_is_not_lost()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        using var stop = new CancellationTokenSource();
        var keeping = Keeper(database, "one").RunAsync(stop.Token);
        await Waits.UntilAsync(() => Task.FromResult(_worked.Count == 2), "both are taken", Limit);

        // For longer than a lease lasts there is no moment without a plan that has its row: each begins before the one before it ends.
        var plan = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
        for (var n = 0; n < 10; n++)
        {
            await LeaseStore.RequireAsync(plan, merchant.Connections[0], 1, Ct);
            await Task.Delay(TimeSpan.FromMilliseconds(900), Ct);
            var next = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct);
            await LeaseStore.RequireAsync(next, merchant.Connections[0], 1, Ct);
            await plan.DisposeAsync();
            plan = next;
        }

        await plan.DisposeAsync();
        (await EpochsAsync(database)).ShouldBe(2, "neither was taken anew");
        _worked.Count.ShouldBe(2);
        await stop.CancelAsync();
        await keeping;
        _twice.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lease_that_another_has_taken_ends_the_work_and_is_taken_again_when_it_is_free()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Merchant.CreateAsync(database, connections: 1, skus: 1);
        using var stop = new CancellationTokenSource();
        var keeping = Keeper(database, "one").RunAsync(stop.Token);
        await Waits.UntilAsync(() => Task.FromResult(_worked.Count == 1), "it is taken", Limit);
        await database.ExecuteAsync("UPDATE connection_runtime SET lease_owner = 'another', lease_epoch = 7, lease_until = now() + interval '1 hour'");
        await Waits.UntilAsync(() => Task.FromResult(_worked.IsEmpty), "the work ends", Limit);
        await database.ExecuteAsync("UPDATE connection_runtime SET lease_until = now()");
        await Waits.UntilAsync(() => Task.FromResult(_worked.Count == 1), "it is taken again", Limit);
        (await EpochsAsync(database)).ShouldBe(8);
        await stop.CancelAsync();
        await keeping;
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_not_taken_while_a_plan_under_it_goes_on()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var (tenant, connection) = (merchant.Tenant, merchant.Connections[0]);
        var store = new LeaseStore(database.Worker);
        var epoch = (await store.AcquireAsync(tenant, connection, "one", TimeSpan.FromHours(1), Ct)).ShouldNotBeNull();
        var plan = await StorageSession.OpenAsync(database.Worker, tenant, Ct);
        await LeaseStore.RequireAsync(plan, connection, epoch, Ct);
        (await store.ReleaseAsync(tenant, connection, epoch, Ct)).ShouldBeTrue("giving it back waits for no plan");

        (await new LeaseSet(database.Worker).TakeAsync("two", LeaseMachine.Ttl, [(tenant, connection)], Ct)).ShouldBeEmpty("it is left to a later beat");
        var taking = store.AcquireAsync(tenant, connection, "two", TimeSpan.FromHours(1), Ct);
        (await Task.WhenAny(taking, Task.Delay(TimeSpan.FromMilliseconds(500), Ct))).ShouldNotBe(taking, "it waits for the plan");
        await plan.DisposeAsync();
        (await taking).ShouldBe(epoch + 1);
    }

    private LeaseKeeper Keeper(TestDatabase database, string name) => new(
        name, new LeaseSet(database.Worker), new LeaseStore(database.Worker), (lease, end) => WorkAsync(name, lease, end), TimeProvider.System,
        NullLogger<LeaseKeeper>.Instance);

    private async Task WorkAsync(string name, ChannelLease lease, CancellationToken end)
    {
        if (!_worked.TryAdd(lease.Connection, name))
        {
            _twice.Add($"{lease.Connection} by {name}");
        }

        await Task.Delay(Timeout.Infinite, end).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None); // What was begun is brought to its end.
        _worked.TryRemove(lease.Connection, out _);
    }

    private int Of(string name) => _worked.Values.Count(w => w == name);

    private static Task<long> EpochsAsync(TestDatabase database) => database.ScalarAsync<long>("SELECT sum(lease_epoch)::bigint FROM connection_runtime");
}
