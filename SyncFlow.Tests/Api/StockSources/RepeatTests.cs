using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>What was told before is said to be a repeat, also while it waits to be booked, and is booked once.</summary>
public sealed class RepeatTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Batches_told_again_before_the_first_is_booked_are_repeats_and_are_booked_once()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var batch = Enumerable.Range(1, 40).Select(n => stand.Movement($"m{n}", 1)).ToArray();
        var calls = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => TellAsync(stand, batch)));
        calls.SelectMany(SourceStand.Outcomes).CountBy(o => o).ToDictionary().ShouldBe(new Dictionary<string, int> { ["accepted"] = 40, ["repeated"] = 160 }, ignoreOrder: true);
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(40);
        SourceStand.Outcomes(await TellAsync(stand, batch)).ShouldAllBe(o => o == "repeated");
    }

    [Fact]
    public async Task An_event_that_waits_since_before_midnight_is_known()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var one = stand.Movement("m1", 7);
        SourceStand.Outcomes(await TellAsync(stand, one)).ShouldBe(["accepted"]);
        await stand.Api.SqlAsync<long>("WITH moved AS (UPDATE inbox SET received_day = received_day - 1 RETURNING 1) SELECT count(*) FROM moved");
        SourceStand.Outcomes(await TellAsync(stand, one)).ShouldBe(["repeated"]);
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(7);
    }

    /// <summary>Even where the answer could not know it: an event that waited for days because no worker ran.</summary>
    [Fact]
    public async Task What_is_taken_in_twice_all_the_same_is_booked_once()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        object[] told =
        [
            stand.Movement("m1", 7), Sale("s1"), stand.Position("p1", 50, 1, sku: "B"),
            new { id = "k1", type = "picks", sku = "B", location = "1000", open = 2, reference = "O1", occurredAt = SourceStand.Moment(9), sequence = 9 },
        ];
        SourceStand.Outcomes(await TellAsync(stand, told)).ShouldAllBe(o => o == "accepted");
        await stand.Api.SqlAsync<long>("WITH moved AS (UPDATE inbox SET received_day = received_day - 3 RETURNING 1) SELECT count(*) FROM moved");
        SourceStand.Outcomes(await TellAsync(stand, told)).ShouldAllBe(o => o == "accepted");
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(6);
        ((await stand.Warehouse.AtAsync("B", "MAIN")), (await stand.Warehouse.AtAsync("B", "MAIN", "allocated"))).ShouldBe((50, 2));
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(4);
        SourceStand.Outcomes(await TellAsync(stand, told)).ShouldAllBe(o => o == "repeated");
    }

    [Fact]
    public async Task What_a_file_brought_and_waits_to_be_booked_is_known_when_it_is_pushed()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        const string history = "id,type,sku,location,occurredAt,sequence,units\nm1,movement,A,1000,2026-03-01T08:01:00Z,1,5\nm2,movement,B,1000,2026-03-01T08:02:00Z,2,6\n";
        var (_, body) = await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes(history));
        await new SourceFileApplier(stand.Warehouse.Worker, TimeProvider.System).NextAsync(
            new TenantId(1), (long)body!["fileId"]!, 1_000, TestContext.Current.CancellationToken);
        var pushed = new[] { stand.Movement("m1", 5), stand.Movement("m3", 1), stand.Movement("m2", 6, sku: "B") };
        SourceStand.Outcomes(await TellAsync(stand, pushed)).ShouldBe(["repeated", "accepted", "repeated"]);
        await stand.Warehouse.ApplyAsync();
        ((await stand.Warehouse.AtAsync("A", "MAIN")), (await stand.Warehouse.AtAsync("B", "MAIN"))).ShouldBe((6, 6));
        SourceStand.Outcomes(await TellAsync(stand, pushed)).ShouldAllBe(o => o == "repeated");
        (await stand.Api.SqlAsync<bool>("SELECT bool_or(groups_wait) FROM sources")).ShouldBeFalse("nothing of a file waits any more, so nothing is looked for");
    }

    [Fact]
    public async Task What_happens_now_is_taken_in_while_a_file_of_the_same_source_is()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        const string history = "id,type,sku,location,occurredAt,sequence,units\nm1,movement,A,1000,2026-03-01T08:01:00Z,1,5\n";
        var (_, body) = await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes(history));
        await using var gate = await WriteGate.CloseAsync(stand.Api.Database, "INSERT ON inbox", "NEW.content = 'source.events'");
        var taken = new SourceFileApplier(stand.Warehouse.Worker, TimeProvider.System).NextAsync(
            new TenantId(1), (long)body!["fileId"]!, 1_000, TestContext.Current.CancellationToken);
        await gate.ReachedAsync(TimeSpan.FromSeconds(20));
        var told = TellAsync(stand, stand.Movement("m2", 3));
        SourceStand.Outcomes(await told.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBe(["accepted"]);
        taken.IsCompleted.ShouldBeFalse();
        await gate.OpenAsync();
        (await taken).ShouldBe(1);
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(8);
    }

    /// <summary>The source goes backwards between the reading of a file's rows and their keeping.</summary>
    [Fact]
    public async Task A_file_that_is_taken_in_while_its_source_is_frozen_is_held()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.PushAsync(stand.Erp, new { watermark = 500, events = new[] { stand.Position("p0", 1, 500) } });
        const string history = "id,type,sku,location,occurredAt,sequence,units\nm1,movement,A,1000,2026-03-01T08:01:00Z,1,5\n";
        var (_, body) = await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes(history));
        await using var gate = await WriteGate.CloseAsync(stand.Api.Database, "INSERT ON inbox", "NEW.content = 'source.events'");
        var taken = new SourceFileApplier(stand.Warehouse.Worker, TimeProvider.System).NextAsync(
            new TenantId(1), (long)body!["fileId"]!, 1_000, TestContext.Current.CancellationToken);
        await gate.ReachedAsync(TimeSpan.FromSeconds(20));
        var (_, answer) = await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/events", new { watermark = 400, events = Array.Empty<object>() });
        ((string)answer!["state"]!).ShouldBe("frozen");
        await gate.OpenAsync();
        (await taken).ShouldBe(1);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM held_events WHERE event_id = 'm1' AND released_at IS NULL")).ShouldBe(1);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox WHERE content = 'source.events'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_position_told_again_does_not_undo_what_was_counted_since()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var position = stand.Position("p1", 20, 5);
        await stand.PushAsync(position);
        await stand.Warehouse.DoAsync(new { key = "r1", kind = "receipt", sku = "A", location = "MAIN", units = 4 });
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(24);
        SourceStand.Outcomes(await stand.PushAsync(position)).ShouldBe(["repeated"]);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(24);
        await stand.PushAsync(stand.Position("p2", 20, 5));
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(20, "another report, by its id, is the word of who keeps the books");
    }

    /// <summary>Names that the intake itself gives to what files bring together.</summary>
    [Fact]
    public async Task An_id_that_looks_like_a_name_of_ours_is_an_id_like_any_other()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        const string history = "id,type,sku,location,occurredAt,sequence,units\nm1,movement,A,1000,2026-03-01T08:01:00Z,1,5\n";
        var (_, body) = await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes(history));
        await stand.FilesAsync();
        var name = await stand.Api.SqlAsync<string>("SELECT webhook_id FROM inbox");
        name.ShouldContain($"file:{(long)body!["fileId"]!}");
        SourceStand.Outcomes(await stand.PushAsync(stand.Movement(name, 3))).ShouldBe(["accepted"]);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(8);
    }

    private static object Sale(string id) => new { id, type = "sale", sku = "A", location = "1000", units = 1, occurredAt = SourceStand.Moment(8), sequence = 8 };

    /// <summary>Tells, and books nothing yet.</summary>
    private static async Task<JsonNode> TellAsync(SourceStand stand, params object[] events)
    {
        var (status, body) = await stand.Api.PostAsync($"/api/v1/sources/{stand.Erp}/events", new { events });
        status.ShouldBe(System.Net.HttpStatusCode.OK, body?.ToJsonString());
        return body!;
    }
}
