using Shouldly;
using SyncFlow.Benchmarks.Burst;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Benchmarks;

public sealed class OpenLoopTests
{
    [Fact]
    public async Task A_stall_counts_for_all_that_was_due_behind_it()
    {
        var gate = new TaskCompletionSource();
        var due = new List<long>();
        var began = TimeProvider.System.GetTimestamp();
        var latencies = await OpenLoop.RunAsync(
            20, 1_000,
            async (number, at) =>
            {
                due.Add(at);
                if (number == 19)
                {
                    await Task.Delay(200, TestContext.Current.CancellationToken);
                    gate.SetResult();
                }

                await gate.Task;
            },
            TimeProvider.System, TestContext.Current.CancellationToken);

        latencies.Count.ShouldBe(20);
        latencies.At(0.05).ShouldBeGreaterThan(190, "the least of them waited for the last one's delay too");
        due.Zip(due.Skip(1)).ShouldAllBe(pair => pair.Second - pair.First == TimeProvider.System.TimestampFrequency / 1_000);
        TimeProvider.System.GetElapsedTime(began, due[0]).ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void An_order_that_was_placed_late_counts_from_its_moment()
    {
        var time = new TestClock();
        var world = WorldBuilder.Build(
            new SimulatorOptions { Stores = 2, Skus = 2, MinStock = 10, MaxStock = 10, MainLocations = 1, DirtyCatalog = false }, time);
        var (seller, other) = (world.Shops[0], world.Shops[1]);
        var watch = new OrderWatch(world, seller, other, time);
        var due = time.GetTimestamp();
        time.Advance(TimeSpan.FromMilliseconds(300));
        watch.Place(watch.Skus[0], due);
        watch.Wrong.ShouldBe(1);

        time.Advance(TimeSpan.FromMilliseconds(50));
        var item = other.Variants.First(v => v.Sku == watch.Skus[0]);
        world.Change(other, (changes, now) =>
        {
            var level = item.Levels.Single();
            other.EditByHand(level, StockState.Available, level[StockState.Available] - 1, now, changes);
            return true;
        });
        watch.Wrong.ShouldBe(0);
        watch.Latencies().At(1).ShouldBe(350);
    }
}
