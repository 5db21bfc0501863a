using System.Net;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>A source that is late, has gaps or tells much that cannot be read: what it feeds is sold with more care.</summary>
public sealed class HealthTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly DateTimeOffset Heard = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(20, 0, 0.0, SourceHealth.Good, 0)]
    [InlineData(31, 0, 0.0, SourceHealth.Doubtful, 5)]
    [InlineData(121, 0, 0.0, SourceHealth.Stale, 20)]
    [InlineData(1, 3, 0.0, SourceHealth.Doubtful, 5)]
    [InlineData(1, 0, 0.2, SourceHealth.Doubtful, 5)]
    [InlineData(1, 0, 0.1, SourceHealth.Good, 0)]
    public void A_source_is_judged_by_its_cadence_its_numbers_and_its_errors(int minutes, long missing, double errors, SourceHealth health, int percent)
    {
        var verdict = SourceVerdict.Of(new SourceSigns(SourceState.Active, TimeSpan.FromMinutes(15), Heard, missing, errors), Heard.AddMinutes(minutes));
        (verdict.Health, verdict.BufferPercent, verdict.Reason is null).ShouldBe((health, percent, health == SourceHealth.Good));
    }

    [Fact]
    public void A_frozen_source_is_stale_and_one_that_was_never_heard_is_not_doubted()
    {
        var cadence = TimeSpan.FromMinutes(15);
        SourceVerdict.Of(new SourceSigns(SourceState.Frozen, cadence, Heard, 0, 0), Heard).Health.ShouldBe(SourceHealth.Stale);
        SourceVerdict.Of(new SourceSigns(SourceState.Active, cadence, null, 0, 0), Heard).Health.ShouldBe(SourceHealth.Good);
    }

    [Fact]
    public async Task A_late_source_withholds_units_says_so_in_explain_and_gives_them_back_when_it_is_heard()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await stand.PushAsync(stand.Position("p1", 39, 1));
        await stand.Api.SqlAsync<long>("WITH late AS (UPDATE sources SET received_at = now() - interval '1 hour' RETURNING 1) SELECT count(*) FROM late");
        (await JudgeAsync(stand)).ShouldBe(1);
        (await JudgeAsync(stand)).ShouldBe(0);
        var place = (await stand.Api.GetAsync("/api/v1/stock/A"))["locations"]!.AsArray().Single()!;
        place["buckets"]!["onHand"]!.GetValue<int>().ShouldBe(39);
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(1);
        (await ExplainAsync(stand)).ShouldContain("39 on hand − 2 withheld because a source that feeds it may be wrong = 37 available to sell");
        var source = await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}");
        ((string)source["health"]!["health"]!, (int)source["health"]!["bufferPercent"]!).ShouldBe(("doubtful", 5));
        (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().ShouldContain(i => (string)i!["kind"]! == "source-health");

        await stand.PushAsync(stand.Erp, new { watermark = 1, events = Array.Empty<object>() });
        (await JudgeAsync(stand)).ShouldBe(1, "a call without events is a sign of life");
        (await ExplainAsync(stand)).ShouldContain("39 on hand = 39 available to sell");
        (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().ShouldNotContain(i => (string)i!["kind"]! == "source-health");
    }

    [Fact]
    public async Task What_cannot_be_read_counts_as_refused_whichever_way_it_is_pushed()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var unreadable = new { id = "m1", type = "movement", sku = "A", location = "1000", units = "twelve", occurredAt = "2026-03-01T08:00:00Z", sequence = 1 };
        await stand.PushAsync(unreadable, unreadable);
        await stand.PushAsync(stand.Movement("m2", 1), unreadable);
        (await stand.Api.PostAsync(
            $"/api/v1/sources/{stand.Erp}/documents?mapping=netsuite-inventory-adjustment", new { inventory = new { items = new[] { new { } } } })).Status.ShouldBe(HttpStatusCode.OK);
        var source = await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}");
        ((int)source["events"]!["accepted"]!, (int)source["events"]!["refused"]!).ShouldBe((1, 4));
        (await JudgeAsync(stand)).ShouldBe(1);
        ((string)(await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}"))["health"]!["reason"]!).ShouldContain("of its events are refused");
    }

    private static Task<int> JudgeAsync(SourceStand stand) =>
        new SourceHealthStore(stand.Warehouse.Worker, TimeProvider.System).JudgeAsync(new TenantId(1), TestContext.Current.CancellationToken);

    private static async Task<string> ExplainAsync(SourceStand stand)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stock/A/explain");
        request.Headers.Add("Accept", "text/plain");
        using var answer = await stand.Api.Client.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }
}
