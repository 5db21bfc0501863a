using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Shouldly;
using SyncFlow.AppHost.Servers;
using SyncFlow.Core;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>What makes a capture impossible, or leaves changes out, on real servers that are set up so: told, never passed over in silence.</summary>
public sealed class CaptureRefusalTests(PostgresFixture postgres, RedisFixture redis) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = TestServers.CreateFolder();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_server_whose_log_says_too_little_is_refused_with_what_to_do_and_its_source_is_doubtful()
    {
        await using var server = await StartAsync("wal_level=minimal", "max_wal_senders=0");
        await using var stand = await OpenAsync(server, "erp");
        (await stand.TryCaptureAsync("public.moves")).Status.ShouldBe(HttpStatusCode.OK);
        var problem = await stand.ProblemAsync();
        problem.ShouldContain("wal_level is minimal");
        problem.ShouldContain("ALTER SYSTEM SET wal_level = logical");
        ((string)(await stand.OneAsync())["state"]!).ShouldBe("starting", "it is tried again by itself");
        var health = await HealthAsync(stand);
        ((string)health["health"]!).ShouldBe("doubtful");
        ((string)health["reason"]!).ShouldContain("wal_level is minimal");
    }

    [Fact]
    public async Task A_slot_that_its_server_gave_up_and_another_cluster_in_its_place_leave_no_gap_unseen()
    {
        var elsewhere = await postgres.CreateEmptyDatabaseAsync();
        await using var server = await StartAsync("max_slot_wal_keep_size=1MB");
        await using var stand = await OpenAsync(server, new NpgsqlConnectionStringBuilder(elsewhere).Database!);
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '10')");
        await stand.OnHandAsync("A", "MAIN", 10);
        await stand.StopWorkerAsync();
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '7')");
        await GiveUpAsync(stand);
        await stand.StartWorkerAsync();
        ((string)(await stand.StateAsync("lost"))["problem"]!).ShouldContain("gave up the log");
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("capture-lost", StringComparison.Ordinal));
        ((string)(await HealthAsync(stand))["reason"]!).ShouldContain("gave up the log");
        (await stand.Stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(10, "the last good stock stands");
        await BeginAnewAsync(stand, 17);
        await stand.ErpAsync("INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '1')");
        await stand.OnHandAsync("A", "MAIN", 18);

        // The same names under the address lead to another cluster: its log has nothing to do with what was read.
        await using var other = NpgsqlDataSource.Create(elsewhere);
        await using (var schema = other.CreateCommand(CaptureStand.Moves + "; INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '500')"))
        {
            await schema.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var address = new NpgsqlConnectionStringBuilder(elsewhere);
        (await stand.TryCaptureAsync("public.moves", r => (r["port"], r["username"], r["password"]) = (address.Port, address.Username, address.Password))).Status
            .ShouldBe(HttpStatusCode.OK);
        ((string)(await stand.StateAsync("lost"))["problem"]!).ShouldContain("another database cluster");
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("capture-lost", StringComparison.Ordinal));
        (await stand.Stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(18);
        await using var slots = other.CreateCommand($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{stand.Slot}'");
        (await slots.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(0L, "nothing is made there before a person says so");
    }

    [Fact]
    public async Task A_table_that_leaves_its_publication_or_gets_another_name_is_a_gap_that_is_told()
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapMovesAsync();
        await stand.CaptureAsync("public.moves");
        await stand.ErpAsync("ALTER PUBLICATION syncflow DROP TABLE moves; INSERT INTO moves (item, site, qty) VALUES ('A', 'X', '7')");
        ((string)(await stand.StateAsync("lost"))["problem"]!).ShouldContain("has no table public.moves");
        (await stand.IncidentsAsync()).ShouldContain(i => i.StartsWith("capture-lost", StringComparison.Ordinal));

        await stand.ErpAsync("ALTER PUBLICATION syncflow ADD TABLE moves");
        await BeginAnewAsync(stand, 7);
        await stand.StopWorkerAsync();
        await stand.ErpAsync("ALTER TABLE moves RENAME TO moved; INSERT INTO moved (item, site, qty) VALUES ('A', 'X', '3')");
        await stand.StartWorkerAsync();
        ((string)(await stand.StateAsync("lost"))["problem"]!).ShouldContain("has no table public.moves");
        (await stand.Stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(7);
    }

    private Task<EmbeddedPostgres> StartAsync(params string[] settings) => TestServers.StartOrSkipAsync(limit => EmbeddedPostgres.StartAsync(
        new PostgresSettings(_folder.FullName, Path.Combine(_folder.FullName, "postgres.log")) { Settings = settings }, limit));

    private async Task<CaptureStand> OpenAsync(EmbeddedPostgres server, string database)
    {
        var stand = await CaptureStand.OpenAsync(
            postgres, redis, CaptureStand.Moves, await server.EnsureDatabaseAsync(database, TestContext.Current.CancellationToken));
        await stand.MapMovesAsync();
        return stand;
    }

    /// <summary>Writes log until the server keeps none for the slot.</summary>
    private static Task GiveUpAsync(CaptureStand stand) => Waits.UntilAsync(
        async () =>
        {
            await stand.ErpAsync("INSERT INTO other VALUES (1)");
            await stand.ErpAsync("SELECT pg_switch_wal()");
            await stand.ErpAsync("CHECKPOINT");
            return await stand.ErpAsync<string>($"SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{stand.Slot}'") == "lost";
        },
        "the server to give the slot up", Limit);

    /// <summary>Starts a lost capture anew, and brings what it missed by a full refresh, which closes the incident.</summary>
    private static async Task BeginAnewAsync(CaptureStand stand, int units)
    {
        (await stand.Api.PostAsync($"/api/v1/sources/{stand.Id}/capture/restart", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await stand.StateAsync("streaming");
        await stand.RefreshAsync($"A,X,{units}");
        await stand.OnHandAsync("A", "MAIN", units);
        await stand.ClosedAsync("capture-lost");
    }

    private static async Task<JsonNode> HealthAsync(CaptureStand stand)
    {
        await new SourceHealthStore(stand.Stand.Warehouse.Worker, TimeProvider.System).JudgeAsync(new TenantId(1), TestContext.Current.CancellationToken);
        return (await stand.Api.GetAsync($"/api/v1/sources/{stand.Id}"))["health"]!;
    }
}
