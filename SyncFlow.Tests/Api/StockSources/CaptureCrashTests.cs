using System.Diagnostics;
using Npgsql;
using Shouldly;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using SyncFlow.Tests.Worker;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Changes are captured without loss and without repeat, whoever dies meanwhile.</summary>
public sealed class CaptureCrashTests(PostgresFixture postgres, RedisFixture redis) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = TestServers.CreateFolder();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_leaves_nothing_out_and_nothing_twice()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves, worker: false);
        await stand.MapMovesAsync();
        (await stand.TryCaptureAsync("public.moves")).Status.ShouldBe(System.Net.HttpStatusCode.OK);
        using var first = WorkerProcess.Start(stand.WorkerSettings());
        await Waits.UntilAsync(async () => (string)(await stand.OneAsync())["state"]! == "streaming", "the first worker", Limit);

        // Small transactions, and one so large that it is stored in several stretches.
        await stand.ErpAsync("DO $$ BEGIN FOR n IN 1..300 LOOP INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '1'); COMMIT; END LOOP; END $$");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) SELECT 'B', 'Y', '1' FROM generate_series(1, 8000)");
        await Waits.UntilAsync(
            async () => await stand.Api.SqlAsync<bool>("SELECT changes > 300 FROM source_captures"), "the middle", Limit);
        await first.KillAsync();
        var stored = await stand.Api.SqlAsync<long>("SELECT changes FROM source_captures");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '7')");

        using var second = WorkerProcess.Start(stand.WorkerSettings());
        await stand.OnHandAsync("A", "MAIN", 307, Limit);
        await stand.OnHandAsync("B", "SIDE", 8000, Limit);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(8301);
        ((long)(await stand.OneAsync())["changes"]!).ShouldBe(8301, "changes that were stored before the kill are not stored again");
        stored.ShouldBeLessThan(8301, "the kill came too late to prove anything");
        await second.KillAsync();
    }

    [Fact]
    public async Task A_source_server_that_crashes_and_comes_back_is_read_on()
    {
        await using var server = await TestServers.StartOrSkipAsync(limit => EmbeddedPostgres.StartAsync(
            new PostgresSettings(_folder.FullName, Path.Combine(_folder.FullName, "postgres.log")), limit));
        var erp = await server.EnsureDatabaseAsync("erp", TestContext.Current.CancellationToken);
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves, erp);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10')");
        await stand.OnHandAsync("A", "MAIN", 10);

        // A backend that is killed takes the whole server through crash recovery, as a loss of power would.
        var backend = await stand.ErpAsync<int>($"SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{stand.Slot}'");
        using (var process = Process.GetProcessById(backend))
        {
            process.Kill();
        }

        await Waits.UntilAsync(
            async () =>
            {
                NpgsqlConnection.ClearAllPools();
                try
                {
                    // Whether the one before was committed is not known where its answer was lost: it is added once.
                    await stand.ErpAsync("INSERT INTO moves (item, site, qty) SELECT 'A', 'X', '5' WHERE NOT EXISTS (SELECT FROM moves WHERE qty = '5')");
                    return true;
                }
                catch (NpgsqlException)
                {
                    return false;
                }
            },
            "the server's recovery", Limit);
        await stand.OnHandAsync("A", "MAIN", 15, Limit);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(2);
        ((string)(await stand.StateAsync("streaming"))["confirmed"]!).ShouldNotBeEmpty();
    }
}
