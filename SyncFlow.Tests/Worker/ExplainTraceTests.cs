using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Publishing;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class ExplainTraceTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Key = "sf_explain_0123456789abcdef";

    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_order_is_traced_from_its_webhook_through_the_ledger_to_the_proven_push_on_the_other_store()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 50);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        await Task.Delay(5);
        var before = TimeProvider.System.GetUtcNow();
        var sku = world.A.Variants[0].Sku;
        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 47, "the other store to follow");
        await world.QuietAsync(QuietLimit);

        var now = await ReadAsync(world, null);
        var entry = now.Page.Entries.First(e => e.Recorded.Entry.Bucket == Bucket.Committed && e.Recorded.Entry.Delta == 3);
        entry.Event.ShouldNotBeNull("the event is still kept");
        entry.Event.AppliedAt.ShouldNotBeNull();
        var other = now.Levels.Single(l => l.State.Connection.Value == 2);
        var push = entry.Pushes.ShouldHaveSingleItem();
        push.Level.ShouldBe(other.State.Id);
        (push.From, push.To).ShouldBe((50, 47));
        (push.AcknowledgedAt >= push.SentAt && push.VerifiedAt > push.AcknowledgedAt && push.PlannedAt >= entry.Recorded.RecordedAt).ShouldBeTrue();
        other.Pushes[0].Push.ShouldBe(push.Push);
        other.Belief!.Belief.ShouldBe(47);
        Narrative.Of(now.Moment, now.Levels, null).ShouldContain(s => s.Contains("from 50 to 47", StringComparison.Ordinal) && s.Contains("proven by a reading", StringComparison.Ordinal));

        await ProvenAsync(world, push.Push, entry.Recorded.Id, before);
        await ToldAsync(world, push.Push, entry.Recorded.Id);

        // Asked about a moment before the order, nothing of it is known.
        var then = await ReadAsync(world, before);
        then.Moment.Sku.Pools.ShouldHaveSingleItem().Buckets.ShouldBe(default(Buckets) with { OnHand = 50 });
        then.Levels.ShouldAllBe(l => l.Belief!.Belief == 50);
        then.Levels.SelectMany(l => l.Pushes).ShouldAllBe(p => p.PlannedAt <= before);
    }

    [Fact]
    public async Task A_replay_run_tells_what_differs_and_a_repair_run_puts_it_right()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 20);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        await world.RunAsync("replay", 1);
        (await ResultAsync(world))["differing"]!.GetValue<int>().ShouldBe(0);

        await world.Database.ExecuteAsync("UPDATE positions SET on_hand = 15 WHERE sku_id = 2");
        await world.RunAsync("replay", 1);
        var found = await ResultAsync(world);
        var difference = found["differences"]!.AsArray().ShouldHaveSingleItem()!;
        (difference["figure"]!.GetValue<string>(), difference["ledger"]!.GetValue<int>(), difference["position"]!.GetValue<int>()).ShouldBe(("onHand", 20, 15));
        found["differingSkuIds"]!.AsArray().Select(id => id!.GetValue<long>()).ShouldBe([2]);

        await world.RunAsync("replay", 1, """{"repair": true, "skuIds": [2]}""");
        var repaired = await ResultAsync(world);
        (repaired["repaired"]!.GetValue<int>(), repaired["differing"]!.GetValue<int>()).ShouldBe((1, 0));
        (await world.Database.ScalarAsync<int>("SELECT on_hand FROM positions WHERE sku_id = 2")).ShouldBe(20);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'position-differs' AND closed_at IS NULL")).ShouldBe(0);
    }

    private static async Task<JsonNode> ResultAsync(WorkerWorld world) => JsonNode.Parse(
        await world.Database.ScalarAsync<string>("SELECT result::text FROM sync_runs ORDER BY run_id DESC LIMIT 1"))!;

    /// <summary>The push shows its cause, its times in order, and the reading that proved it; lists find it.</summary>
    private static async Task ProvenAsync(WorkerWorld world, Guid id, long entry, DateTimeOffset before)
    {
        var (tenant, store) = (new TenantId(WorkerWorld.Tenant), new PushProofStore(world.Database.Api));
        var (proof, _) = (await store.FindAsync(tenant, id, CancellationToken.None)).ShouldNotBeNull();
        var element = proof.Elements.ShouldHaveSingleItem();
        element.ProvenBy.ShouldBe(47);
        var cause = element.Causes.Single(c => c.EntryId == entry);
        cause.Event.ShouldNotBeNull();
        new DateTimeOffset?[]
        {
            cause.Event.ReceivedAt, cause.RecordedAt, element.PlannedAt, proof.Push.SentAt, element.AcknowledgedAt, element.VerifiedAt,
        }.ShouldBeInOrder();
        proof.Request.ShouldContain("47");

        async Task<bool> Listed(PushFilter filter) =>
            (await store.ListAsync(tenant, filter, null, 100, CancellationToken.None)).Exists(p => p.Id == id);
        var all = new PushFilter(null, null, null, null, null);
        (await Listed(all with { Sku = new SkuId(1), From = before, Connection = new ConnectionId(2), State = PushState.Settled })).ShouldBeTrue();
        (await Listed(all with { Until = before })).ShouldBeFalse();
        (await Listed(all with { Connection = new ConnectionId(1) })).ShouldBeFalse();
        (await Listed(all with { State = PushState.Unknown })).ShouldBeFalse();
        (await Listed(all with { Sku = new SkuId(99) })).ShouldBeFalse();
    }

    /// <summary>The API tells the same in words, and refuses other forms by the field's name.</summary>
    private async Task ToldAsync(WorkerWorld world, Guid id, long entry)
    {
        await world.Database.ExecuteAsync(
            "INSERT INTO api_keys (tenant_id, name, key_hash, scopes) VALUES ($1, 'k', $2, ARRAY['*'])", WorkerWorld.Tenant, Secrets.Hash(Key));
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        using var client = app.NewClient(Key);
        var text = await client.GetStringAsync($"/api/v1/pushes/{id}?format=text");
        text.ShouldStartWith($"Push {id} to ");
        text.ShouldContain(": 1 level, settled\n");
        text.ShouldContain(": from 50 to 47, acknowledged ");
        text.ShouldContain(" that showed 47.\n");
        text.ShouldContain(" ms to the proof.\n");
        text.ShouldContain($"    #{entry}  ");
        text.ShouldContain("3 more committed to open orders at ");

        var json = JsonNode.Parse(await client.GetStringAsync($"/api/v1/pushes/{id}"))!;
        ((int)json["elements"]![0]!["provenBy"]!, (string)json["push"]!["kind"]!).ShouldBe((47, "set"));
        using var refused = await client.GetAsync($"/api/v1/pushes/{id}?format=pdf");
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("format");
    }

    private static Task<StockStory> ReadAsync(WorkerWorld world, DateTimeOffset? at) =>
        new ExplainStore(world.Database.Api, TimeProvider.System).ReadAsync(
            new TenantId(WorkerWorld.Tenant), "SKU", new ExplainQuery(new SkuId(1), null, null, at, null, 50), CancellationToken.None);
}
