using System.Collections.Immutable;
using System.Text.Json;
using Shouldly;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;
using static SyncFlow.Tests.Channels.ShopStand;

namespace SyncFlow.Tests.Channels;

public sealed class SetTests
{
    [Fact]
    public async Task A_set_compared_with_the_right_values_is_acknowledged_and_done()
    {
        await using var stand = await StartAsync();

        var answers = await stand.SendAsync(PushOf(stand.Element(0, 7), stand.Element(1, 0)));

        answers.Value.Select(a => a.Outcome).ShouldBe([ElementOutcome.Acknowledged, ElementOutcome.Acknowledged]);
        (stand.Shown(0), stand.Shown(1)).ShouldBe((7, 0));
        var changed = stand.Shop.Variants[0].Levels[0].UpdatedAt;
        answers.Value.ShouldAllBe(a => a.DoneBy >= changed && a.DoneBy < changed.AddSeconds(2));
    }

    [Fact]
    public async Task A_set_that_changes_nothing_is_acknowledged_though_it_has_no_adjustment_group()
    {
        await using var stand = await StartAsync();

        var answers = await stand.SendAsync(PushOf(stand.Element(0, stand.Shown(0))));

        answers.Value[0].ShouldSatisfyAllConditions(a => a.Outcome.ShouldBe(ElementOutcome.Acknowledged), a => a.DoneBy.ShouldBeNull());
    }

    [Fact]
    public async Task Refused_elements_are_named_by_kind_and_the_others_were_not_sent()
    {
        await using var stand = await StartAsync();
        stand.Shop.Variants[3].IsBundleParent = true;
        var before = stand.Shown(0);
        var push = PushOf(
            stand.Element(0, 5), stand.Element(1, 5, from: 9_999), stand.Element(2, 5) with { ItemRef = "123" },
            stand.Element(3, 5), stand.Element(4, 5) with { ExternalLocation = "456" }, stand.Element(5, 5) with { To = -1 });

        var answers = (await stand.SendAsync(push)).Value;

        answers.Select(a => a.Outcome).ShouldBe(
        [
            ElementOutcome.NotSent, ElementOutcome.Stale, ElementOutcome.Gone, ElementOutcome.Blocked, ElementOutcome.Gone,
            ElementOutcome.Blocked,
        ]);
        answers.Select(a => a.Code).ShouldBe(
        [
            null, "CHANGE_FROM_QUANTITY_STALE", "INVALID_INVENTORY_ITEM", "NON_MUTABLE_INVENTORY_ITEM", "INVALID_LOCATION",
            "INVALID_QUANTITY_NEGATIVE",
        ]);
        answers.Select(a => a.Level).ShouldBe(push.Elements.Select(e => e.Level));
        stand.Shown(0).ShouldBe(before);
        BatchSplitter.Next(push.Elements, answers).Single().ShouldBe([push.Elements[0]]);
    }

    [Fact]
    public async Task An_error_that_names_no_element_is_found_by_halving_within_the_stated_rounds()
    {
        await using var stand = await StartAsync();
        stand.Shop.Variants[5].HideErrorIndex = true;
        ImmutableArray<PushElement> all = [.. Enumerable.Range(0, 8).Select(i => stand.Element(i, 3, i == 5 ? 9_999 : null))];
        var open = new Queue<ImmutableArray<PushElement>>([all]);
        var outcomes = new Dictionary<PushElement, ElementOutcome>();
        var calls = 0;

        while (open.TryDequeue(out var batch))
        {
            (++calls).ShouldBeLessThan(2 * BatchSplitter.MostRounds);
            var answers = (await stand.SendAsync(PushOf([.. batch]))).Value;
            for (var i = 0; i < batch.Length; i++)
            {
                outcomes[batch[i]] = answers[i].Outcome;
            }

            foreach (var next in BatchSplitter.Next(batch, answers))
            {
                open.Enqueue(next);
            }
        }

        outcomes.Where(o => o.Value != ElementOutcome.Acknowledged).Select(o => o.Key).ShouldBe([all[5]]);
        outcomes[all[5]].ShouldBe(ElementOutcome.Stale);
    }

    [Fact]
    public async Task A_lost_answer_is_unknown_and_the_same_body_again_is_applied_once()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { LostAnswerRate = 1 };
        var push = PushOf(stand.Element(0, 4));

        var lost = await stand.SendAsync(push);
        lost.Fault!.Kind.ShouldBe(ChannelFaultKind.Unknown);
        stand.Shown(0).ShouldBe(4);

        stand.Shop.Faults = new FaultSettings();
        stand.Sandbox.Place(stand.Shop, 1);
        var again = await stand.SendAsync(push);

        again.Value[0].Outcome.ShouldBe(ElementOutcome.Acknowledged);
        stand.Sandbox.World.Stats["idempotentReplays"].ShouldBe(1);
        stand.Shop.Variants[0].Levels.Sum(l => l[StockState.Committed]).ShouldBe(1);
    }

    [Fact]
    public async Task A_mutation_that_times_out_is_unknown_and_a_query_transient()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { ApiDelayMinMs = 3_000, ApiDelayMaxMs = 3_000 };
        var client = stand.ClientWith(stand.Shop.AccessToken, timeout: TimeSpan.FromMilliseconds(150));
        var push = PushOf(stand.Element(0, 4));

        var set = await client.SendSetAsync(push.Id, ShopifyClient.PrepareSetBody(push), push, CancellationToken.None);
        var read = await client.ReadShopAsync(CancellationToken.None);

        (set.Fault!.Kind, set.Fault.Code).ShouldBe((ChannelFaultKind.Unknown, "TIMEOUT"));
        (read.Fault!.Kind, read.Fault.Code).ShouldBe((ChannelFaultKind.Transient, "TIMEOUT"));
    }

    [Fact]
    public async Task A_key_still_under_way_is_unknown_and_a_key_with_other_arguments_is_rejected()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { ApiDelayMinMs = 4_000, ApiDelayMaxMs = 4_000 };
        var push = PushOf(stand.Element(0, 4));

        var first = stand.SendAsync(push);
        await Waits.UntilAsync(() => stand.Sandbox.World.Stats["keysHeld"] == 1, "the first request to be under way");
        stand.Shop.Faults = new FaultSettings();
        var second = await stand.SendAsync(push);
        (await first).Succeeded.ShouldBeTrue();
        var other = await stand.SendAsync(push with { Elements = [stand.Element(0, 9)] });

        (second.Fault!.Kind, second.Fault.Code).ShouldBe((ChannelFaultKind.Unknown, "IDEMPOTENCY_CONCURRENT_REQUEST"));
        (other.Fault!.Kind, other.Fault.Code).ShouldBe((ChannelFaultKind.Rejected, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"));
    }

    [Fact]
    public void A_failed_previous_attempt_sends_nothing_and_all_elements_go_again()
    {
        var element = new PushElement(default, default, 1, "1", "2", 3, 4, null);
        using var payload = JsonDocument.Parse(
            """{"userErrors":[{"code":"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED","field":null,"message":""}]}""");

        var answers = SetAnswers.Read(payload.RootElement, [element, element]).Value;

        answers.ShouldAllBe(a => a.Outcome == ElementOutcome.NotSent);
        BatchSplitter.Next([element, element], answers).Single().Length.ShouldBe(2);
    }

    [Fact]
    public void A_prepared_body_is_the_request_and_belongs_to_its_push()
    {
        var push = PushOf(new PushElement(default, default, 1, "11", "22", 5, 3, null));
        using var body = JsonDocument.Parse(ShopifyClient.PrepareSetBody(push));

        var quantity = body.RootElement.GetProperty("input").GetProperty("quantities")[0];
        quantity.GetRawText().ShouldBe(
            """{"inventoryItemId":"gid://shopify/InventoryItem/11","locationId":"gid://shopify/Location/22","quantity":3,"changeFromQuantity":5}""");
        body.RootElement.GetProperty("key").GetString().ShouldBe(push.Id.ToString());
        ShopifyClient.PrepareSetBody(push).ShouldBe(ShopifyClient.PrepareSetBody(push));
    }

    [Fact]
    public async Task The_probe_proves_that_the_shop_keeps_keys_and_changes_nothing()
    {
        await using var stand = await StartAsync();
        var shown = stand.Shown(0);
        var key = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

        var proof = await stand.Client.ProbeIdempotencyAsync(key, stand.Ref(0), shown, CancellationToken.None);
        var moved = await stand.Client.ProbeIdempotencyAsync(
            Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), stand.Ref(0), shown + 1, CancellationToken.None);

        proof.Value.ShouldBe(IdempotencyProof.Proven);
        moved.Value.ShouldBe(IdempotencyProof.Inconclusive);
        stand.Shown(0).ShouldBe(shown);
    }
}
