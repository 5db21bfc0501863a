using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Fairness;
using SyncFlow.Worker.Runs;
using Xunit;

namespace SyncFlow.Tests.Worker.Runs;

/// <summary>Two merchants with runs in a real queue; the runs themselves end when the test says so.</summary>
public sealed class RunTurnsTests(PostgresFixture postgres)
{
    private static readonly TenantSlots Slots = new(Most: 4, OfOne: 3, InCompany: 2);

    private readonly List<(TenantId Tenant, TaskCompletionSource End)> _begun = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_merchant_with_many_runs_leaves_half_of_the_places_to_another_and_never_takes_the_last_one()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (many, few) = (await Merchant.CreateAsync(database, skus: 1), await Merchant.CreateAsync(database, skus: 1));
        var store = new RunStore(database.Worker, TimeProvider.System);
        await QueueAsync(database, many, store, 10);
        await QueueAsync(database, few, store, 3);
        var turns = Turns(database, store);

        await LookAsync(store, turns);
        Begun().ShouldBe([many.Tenant, few.Tenant, many.Tenant, few.Tenant]);

        _begun[0].End.SetResult();
        await LookAsync(store, turns);
        Begun().Skip(4).ShouldBe([many.Tenant], "the other has its two already");
        foreach (var (_, end) in _begun.Take(4).Skip(1))
        {
            end.SetResult();
        }

        await LookAsync(store, turns);
        Begun().Skip(5).ShouldBe([few.Tenant, many.Tenant, many.Tenant], "it begins behind the one served last; one that is alone has three");
        (await store.TenantsWithRunsToClaimAsync(Ct)).ShouldBe([many.Tenant]);

        await QueueAsync(database, few, store, 1);
        _begun[5].End.SetResult();
        await LookAsync(store, turns);
        Begun().Skip(8).ShouldBe([few.Tenant], "who comes finds a place");
    }

    private RunTurns Turns(TestDatabase database, RunStore store) => new(
        Slots,
        async (tenant, ct) =>
        {
            await using var session = await StorageSession.OpenAsync(database.Worker, tenant, ct);
            var run = await store.ClaimNextAsync(session, ct);
            await session.CommitAsync(ct);
            return run;
        },
        run =>
        {
            var end = new TaskCompletionSource();
            _begun.Add((run.Tenant, end));
            return end.Task;
        });

    private List<TenantId> Begun() => _begun.ConvertAll(b => b.Tenant);

    private static async Task LookAsync(RunStore store, RunTurns turns) => await turns.BeginAsync(await store.TenantsWithRunsToClaimAsync(Ct), Ct);

    private static async Task QueueAsync(TestDatabase database, Merchant merchant, RunStore store, int count)
    {
        await using var session = await StorageSession.OpenAsync(database.Api, merchant.Tenant, Ct);
        for (var n = 0; n < count; n++)
        {
            await store.CreateAsync(session, "replay", null, "{}", Ct);
        }

        await session.CommitAsync(Ct);
    }
}
