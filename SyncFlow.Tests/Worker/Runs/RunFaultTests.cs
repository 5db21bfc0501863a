using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.Runs;

public sealed class RunFaultTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_run_that_a_passing_fault_of_the_database_stopped_is_done_again_and_one_that_is_wrong_is_not()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stores: 1);
        await FailAsync(world, attempt: 1, "serialization_failure");
        (await world.RunToEndAsync("import", 1)).State.ShouldBe("succeeded");
        (await world.CountAsync("SELECT attempts::bigint FROM sync_runs")).ShouldBe(2);

        await world.Database.ExecuteAsync("DELETE FROM sync_runs");
        await FailAsync(world, attempt: 1, "check_violation");
        (await world.RunToEndAsync("import", 1)).State.ShouldBe("failed");
        (await world.CountAsync("SELECT attempts::bigint FROM sync_runs")).ShouldBe(1);
    }

    /// <summary>Reports of progress fail during an attempt.</summary>
    private static async Task FailAsync(WorkerWorld world, int attempt, string fault)
    {
        await world.Database.ExecuteAsync("DROP TRIGGER IF EXISTS fail ON sync_runs");
        await world.Database.ExecuteAsync(
            $"CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE {fault} USING MESSAGE = 'not now'; END $$");
        await world.Database.ExecuteAsync(
            $"CREATE TRIGGER fail BEFORE UPDATE OF done ON sync_runs FOR EACH ROW WHEN (NEW.attempts = {attempt} AND NEW.done > 0) EXECUTE FUNCTION fail()");
    }
}
