using System.Text.Json;
using Shouldly;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class CostTests
{
    [Theory]
    [InlineData(ShopPlan.Standard, 2_000, 100)]
    [InlineData(ShopPlan.Advanced, 4_000, 200)]
    [InlineData(ShopPlan.Plus, 20_000, 1_000)]
    public void The_bucket_holds_twenty_seconds_of_restore(ShopPlan plan, int maximum, int perSecond)
    {
        var bucket = new CostBucket(plan, DateTimeOffset.UnixEpoch);

        bucket.Available(DateTimeOffset.UnixEpoch).ShouldBe(maximum);
        bucket.TryTake(maximum, DateTimeOffset.UnixEpoch).ShouldBeTrue();
        bucket.TryTake(1, DateTimeOffset.UnixEpoch).ShouldBeFalse();
        bucket.Available(DateTimeOffset.UnixEpoch.AddSeconds(3)).ShouldBe(3 * perSecond);
        bucket.Available(DateTimeOffset.UnixEpoch.AddSeconds(60)).ShouldBe(maximum);
    }

    [Fact]
    public async Task The_cost_of_a_connection_grows_with_the_logarithm_of_its_page()
    {
        await using var sandbox = await StartAsync();
        var product = sandbox.Main.Products.First();
        var cost = (await sandbox.GraphAsync(
            sandbox.Main, "query($id:ID!){ product(id:$id){ variants(first:250){ nodes{ inventoryItem{ id tracked } } } } }",
            new { id = $"gid://shopify/Product/{product.Id}" })).GetProperty("extensions").GetProperty("cost");

        cost.GetProperty("requestedQueryCost").GetInt32().ShouldBe(25);
        cost.GetProperty("actualQueryCost").GetInt32().ShouldBeLessThan(25);
    }

    [Fact]
    public async Task A_mutation_costs_ten()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var cost = (await sandbox.GraphAsync(sandbox.Main, ValidatedOperations.Set, new { input = SetInput(Quantity(level, 1, null)), key = "k" }))
            .GetProperty("extensions").GetProperty("cost");

        cost.GetProperty("actualQueryCost").GetInt32().ShouldBe(10);
        cost.GetProperty("throttleStatus").GetProperty("maximumAvailable").GetDouble().ShouldBe(20_000);
    }

    [Fact]
    public async Task An_empty_bucket_answers_throttled_without_data()
    {
        await using var sandbox = await StartAsync();
        sandbox.Outlet.Bucket.Drain(sandbox.World.Clock.GetUtcNow());

        var answer = await sandbox.GraphAsync(sandbox.Outlet, ValidatedOperations.Reconcile, new { q = "sku:x" });

        RefusalTests.Code(answer).ShouldBe("THROTTLED");
        answer.TryGetProperty("data", out _).ShouldBeFalse();
        answer.GetProperty("extensions").GetProperty("cost").GetProperty("actualQueryCost").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_query_above_a_thousand_points_is_never_run()
    {
        await using var sandbox = await StartAsync();
        const string query = """
            { products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem { inventoryLevels(first: 250) {
              nodes { location { id } } } } } } } } }
            """;

        RefusalTests.Code(await sandbox.GraphAsync(sandbox.Main, query)).ShouldBe("MAX_COST_EXCEEDED");
    }
}
