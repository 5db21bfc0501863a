using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.AppHost.Local;
using SyncFlow.AppHost.Sandbox;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class SandboxRunTests : IAsyncLifetime
{
    private readonly StringWriter output = new();

    private readonly HttpClient client = new();

    private SandboxStub stub = null!;

    public async ValueTask InitializeAsync() => stub = await SandboxStub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await output.DisposeAsync();
        await stub.DisposeAsync();
    }

    [Fact]
    public async Task Stores_are_connected_through_the_public_API_in_the_order_that_a_baseline_needs()
    {
        (await RunAsync()).ShouldBeTrue(output.ToString());
        stub.Log.ShouldBe(
        [
            "connect main.example",
            "connect outlet.example",
            "import 1", "location WAREHOUSE-1", "map gid-1-1 to 100", "location WAREHOUSE-2", "map gid-1-2 to 101", "auto-map 1",
            "import 2", "map gid-2-1 to 100", "auto-map 2",
            "baseline 1 opening true",
            "baseline 2 opening false",
            "live 1",
            "live 2",
            "buyers 50",
            "no buyers",
        ]);
        output.ToString().ShouldContain("Listings of Main store: 3 mapped, 1 ambiguous");
        output.ToString().ShouldContain("oversold units: 0 (while guarded: 0)");
        output.ToString().ShouldContain("in the slowest 5 %");
    }

    [Fact]
    public async Task A_second_start_finds_the_stores_and_sets_nothing_up_again()
    {
        await RunAsync();
        stub.Log.Clear();
        (await RunAsync()).ShouldBeTrue();
        stub.Log.ShouldBe(["buyers 50", "no buyers"]);
    }

    [Fact]
    public async Task A_mode_that_is_asked_for_is_set_on_the_SKUs_that_have_another_before_buyers_buy()
    {
        await RunAsync();
        stub.Log.Clear();
        (await Run(TimeSpan.FromMilliseconds(100), SandboxStub.ApiKey, "shared").RunAsync(TestContext.Current.CancellationToken)).ShouldBeTrue();
        stub.Log.ShouldBe(["mode of B shared", "approve 4 as \"4-1\"", "buyers 50", "no buyers"]);
        output.ToString().ShouldContain("1 SKUs are shared in shared mode.");
    }

    [Fact]
    public async Task The_summary_tells_the_whole_run_from_its_last_seconds_and_says_where_the_time_went()
    {
        await RunAsync();
        output.ToString().ShouldContain("p50 80 p95 200 p99 - (all 9 changes since the first order)");
        output.ToString().ShouldContain("p50 40 p95 90 p99 95 (4 in 30 s)");
        output.ToString().ShouldContain("mean 100 ms: into the ledger 50 %, to a plan 20 %, refused tries 10 %, to the call 15 %, the call 5 %");
    }

    [Theory]
    [InlineData("oversoldWhileGuardedUnits", "1 units were oversold while guarded")]
    [InlineData("deadLetters", "1 events were given up on")]
    public async Task A_promise_that_was_not_kept_fails_the_run_and_is_named(string figure, string says)
    {
        stub.Pipeline[figure] = 1;
        (await RunAsync()).ShouldBeFalse();
        output.ToString().ShouldContain("NOT KEPT: " + says);
    }

    [Fact]
    public void A_run_waits_for_its_channels_as_long_as_less_is_left_than_a_minute_before()
    {
        var pipeline = PipelineFigures.Read(JsonNode.Parse(stub.Pipeline.ToJsonString()), member => new InvalidOperationException(member));
        var world = WorldFigures.Read(JsonNode.Parse(stub.World.ToJsonString()), JsonNode.Parse("[{\"orders\":10}]"), member => new InvalidOperationException(member));
        var patience = new DrainPatience();
        bool IsOver(int second, int left) =>
            patience.IsOver(new Snapshot(TimeSpan.FromSeconds(second), world, pipeline with { UnverifiedLevels = left }, []));

        IsOver(30, 500).ShouldBeFalse();
        IsOver(89, 499).ShouldBeFalse();
        IsOver(149, 499).ShouldBeFalse("a minute ago it was one more");
        IsOver(150, 600).ShouldBeTrue("more than a minute without one less");
        IsOver(151, 498).ShouldBeFalse();
    }

    [Fact]
    public void What_is_lost_oversold_or_unsettled_at_the_end_is_counted()
    {
        var pipeline = PipelineFigures.Read(JsonNode.Parse(stub.Pipeline.ToJsonString()), member => new InvalidOperationException(member));
        var world = WorldFigures.Read(JsonNode.Parse(stub.World.ToJsonString()), JsonNode.Parse("[{\"orders\":10}]"), member => new InvalidOperationException(member));
        Snapshot At(WorldFigures w, PipelineFigures p) => new(TimeSpan.Zero, w, p, []);

        new RunSummary(At(world, pipeline), null).Holds.ShouldBeTrue();
        new RunSummary(At(world with { UnitsOversold = 4 }, pipeline), null).Holds.ShouldBeTrue("shared mode may oversell, within its stated risk");
        new RunSummary(At(world with { OrdersInStores = 12 }, pipeline), null).Broken.ShouldHaveSingleItem().ShouldContain("2 orders");
        new RunSummary(At(world with { WebhooksPending = 3 }, pipeline), null).Broken.ShouldHaveSingleItem().ShouldContain("3 webhooks");
        new RunSummary(At(world, pipeline with { UnverifiedLevels = 5 }), null).Broken.ShouldHaveSingleItem().ShouldContain("5 levels are not verified");
        new RunSummary(At(world, pipeline with { DirtyLevels = 5, EventsPending = 6 }), null).Broken.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_service_that_is_away_for_a_moment_is_asked_again()
    {
        stub.BeAway(requests: 2);
        (await RunAsync()).ShouldBeTrue(output.ToString());
    }

    [Fact]
    public async Task A_step_that_fails_is_named_with_the_reason_and_the_log()
    {
        stub.RunStatus = "failed";
        var failure = await Should.ThrowAsync<SandboxStepException>(() => RunAsync());
        failure.Message.ShouldBe("Import of Main store failed: run r-3 says: said the run. The log of api: api.log");

        var refused = await Should.ThrowAsync<SandboxStepException>(() => RunAsync(apiKey: "wrong"));
        refused.Message.ShouldContain("Listing connections failed: GET /api/v1/connections was answered 401: Unknown API key: The key is not one");
    }

    [Fact]
    public async Task An_answer_without_a_figure_that_decides_is_not_taken_for_zero()
    {
        stub.Pipeline.Remove("unverifiedLevels");
        var failure = await Should.ThrowAsync<SandboxStepException>(() => RunAsync());
        failure.Message.ShouldContain("the answer has no 'unverifiedLevels'");
    }

    [Fact]
    public async Task A_run_that_is_stopped_sends_the_buyers_home_and_says_its_figures()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var run = Run(runFor: null, SandboxStub.ApiKey).RunAsync(stop.Token);
        await Support.Waits.UntilAsync(() => stub.Log.Contains("buyers 50"), "the buyers");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => run);
        stub.Log.Last().ShouldBe("no buyers");
        output.ToString().ShouldContain("oversold units: 0 (while guarded: 0)");
    }

    [Theory]
    [InlineData("Main warehouse", "MAIN-WAREHOUSE")]
    [InlineData("  12 Rue d'Été (Paris) ", "12-RUE-D-T-PARIS")]
    public void A_location_code_is_made_of_the_stores_name_for_it(string name, string code)
    {
        SandboxSetup.LocationCode(name).ShouldBe(code);
    }

    private Task<bool> RunAsync(string apiKey = SandboxStub.ApiKey)
    {
        return Run(TimeSpan.FromMilliseconds(100), apiKey).RunAsync(TestContext.Current.CancellationToken);
    }

    private SandboxRun Run(TimeSpan? runFor, string apiKey, string? mode = null)
    {
        var options = new LocalOptions(runFor, Clean: false, Sandbox: true, OrdersPerSecond: 50, mode, ApiPort: null, DataFolder: null);
        var api = new ApiClient(client, stub.Url, apiKey, "api.log", TimeProvider.System);
        var world = new WorldClient(client, stub.Url, "simulator.log", TimeProvider.System);
        return new SandboxRun(api, world, options, TimeProvider.System, output, () => [new ServiceRestarts("worker", 2)]);
    }
}
