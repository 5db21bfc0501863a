using Shouldly;
using SyncFlow.Storage.Front;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class CallNotesTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Calls_and_points_of_a_connection_are_noted_and_shown_on_it()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.RunAsync("import", 1);
        await world.StopWorkerAsync();

        var shown = (await new ConnectionDesk(world.Database.Api, TimeProvider.System)
            .FindAsync(WorkerWorld.Tenant, 1, TestContext.Current.CancellationToken)).ShouldNotBeNull();
        shown.Calls.Made.ShouldBe(world.Sandbox.World.Stats["apiCalls"], "every call is counted once, the last ones too");
        shown.Calls.Throttled.ShouldBe(0);
        shown.Calls.PointsPerSecond.ShouldBe(1_000, "as the shop said");
        shown.Calls.PointsAvailable!.Value.ShouldBeInRange(1, 20_000);
    }
}
