using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class GoLivePreviewTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_dry_run_changes_nothing_and_tells_exactly_what_going_live_then_writes()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 5);
        await world.GoLiveAsync(SharingMode.Shared, live: [1]);
        await world.RunAsync("go-live", 2, """{"dryRun": true}""");

        (await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2")).ShouldBe(2);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = 2 AND target IS NULL")).ShouldBe(5);
        var preview = JsonNode.Parse(await world.Database.ScalarAsync<string>(
            "SELECT result::text FROM sync_runs WHERE kind = 'go-live' AND connection_id = 2"))!;
        ((int)preview["total"]!).ShouldBe(5);
        var told = preview["writes"]!.AsArray().Select(w => ((long)w!["levelId"]!, (int)w["from"]!, (int)w["to"]!)).Order().ToList();
        told.ShouldAllBe(w => w.Item2 == 0 && w.Item3 == 100);

        await world.RunAsync("go-live", 2);
        await world.QuietAsync(TimeSpan.FromSeconds(60));
        (await world.CountAsync("SELECT count(*) FROM push_levels JOIN pushes USING (tenant_id, push_id) WHERE connection_id = 2")).ShouldBe(5);
        foreach (var (level, from, to) in told)
        {
            (await world.CountAsync(
                "SELECT count(*) FROM push_levels WHERE level_id = $1 AND from_units = $2 AND to_units = $3 AND outcome = 1", level, from, to)).ShouldBe(1);
        }
    }
}
