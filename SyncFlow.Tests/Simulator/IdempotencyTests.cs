using Shouldly;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class IdempotencyTests
{
    [Fact]
    public async Task The_same_key_with_the_same_input_replays_the_first_answer_and_changes_nothing()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var input = SetInput(Quantity(level, 5, level[StockState.Available]));

        var first = await sandbox.SetAsync(sandbox.Main, input, "k");
        sandbox.Place(sandbox.Main, 1);
        var second = await sandbox.SetAsync(sandbox.Main, input, "k");

        second.GetRawText().ShouldBe(first.GetRawText());
        sandbox.Main.SellableOnline(sandbox.Main.Variants[0]).ShouldBe(
            4 + sandbox.Main.Level(level.ItemId, sandbox.Main.Locations[1].Id)![StockState.Available]);
    }

    [Fact]
    public async Task A_refusal_is_replayed_too()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var was = level[StockState.Available];
        var input = SetInput(Quantity(level, 5, was + 1));

        await sandbox.SetAsync(sandbox.Main, input, "k");
        sandbox.World.Change(sandbox.Main, (changes, now) =>
        {
            sandbox.Main.EditByHand(level, StockState.Available, 1, now, changes);
            return 0;
        });

        RefusalTests.Error(await sandbox.SetAsync(sandbox.Main, input, "k")).Code.ShouldBe("CHANGE_FROM_QUANTITY_STALE");
    }

    [Fact]
    public async Task The_same_key_with_another_input_is_a_mismatch()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);

        await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 5, null)), "k");
        var answer = await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 6, null)), "k");

        answer.GetProperty("userErrors")[0].GetProperty("code").GetString().ShouldBe("IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
        level[StockState.Available].ShouldBe(5);
    }

    [Fact]
    public async Task A_key_that_is_still_running_is_a_concurrent_request()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var input = SetInput(Quantity(level, 5, null));
        sandbox.Main.Faults = new FaultSettings { ApiDelayMinMs = 4_000, ApiDelayMaxMs = 4_000 };
        var first = sandbox.SetAsync(sandbox.Main, input, "k");
        await Waits.UntilAsync(() => sandbox.World.Stats["keysHeld"] == 1, "the first request to be under way");
        sandbox.Main.Faults = new FaultSettings();

        var second = await sandbox.SetAsync(sandbox.Main, input, "k");

        second.GetProperty("userErrors")[0].GetProperty("code").GetString().ShouldBe("IDEMPOTENCY_CONCURRENT_REQUEST");
        (await first).GetProperty("userErrors").GetArrayLength().ShouldBe(0);
        level[StockState.Available].ShouldBe(5);
    }

    [Fact]
    public void Keys_are_forgotten_after_a_day()
    {
        var store = new IdempotencyStore();
        var start = DateTimeOffset.UnixEpoch;
        store.Begin("k", "hash", start).Entry.Answer = new InventoryAnswer(null, []);

        store.Begin("k", "hash", start.AddHours(23)).Match.ShouldBe(IdempotencyMatch.Replay);
        store.Begin("k", "other", start.AddHours(25)).Match.ShouldBe(IdempotencyMatch.New);
    }
}
