using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Whatever is wrong with an event that is pushed, it is refused by its place and its field, and its neighbours are booked.</summary>
public sealed class PushBadInputTests(PostgresFixture postgres, RedisFixture redis)
{
    /// <summary>What is wrong (or not) with an event, the outcome, the fields that are named, and the units that are booked.</summary>
    private static readonly (string Event, string Outcome, string Fields, int Units)[] Events =
    [
        (Movement(1, "12"), "accepted", "", 12),
        (Movement(2, "\"12\""), "accepted", "", 12),
        (Movement(3, "\"12-\""), "accepted", "", -12),
        (Movement(4, "\"twelve\""), "refused", "units", 0),
        (Movement(5, "\"1,234\""), "refused", "units", 0),
        (Movement(6, "{\"of\": 12}"), "refused", "units", 0),
        (Movement(7, "[12]"), "refused", "units", 0),
        (Movement(8, "true"), "refused", "units", 0),
        (Movement(9, "1e400"), "refused", "units", 0),
        (Movement(10, "0.5"), "refused", "units", 0),
        (Movement(11, "\"\""), "refused", "units", 0),
        (Movement(12, "null"), "refused", "units", 0),
        ("\"a text\"", "refused", "row", 0),
        ("null", "refused", "row", 0),
        ("[]", "refused", "row", 0),
        (Movement(13, "1, \"unit\": 5"), "refused", "unit", 0),
        (Movement(14, "1, \"units\": 5"), "refused", "units", 0),
        (Movement(15, "1, \"\\ud800\": 5"), "refused", "row", 0),
        (Movement(16, "1").Replace("\"A\"", "\"A\\ud800\"", StringComparison.Ordinal), "refused", "sku", 0),
        (Movement(17, "1").Replace("\"A\"", "\"A\\u0000\"", StringComparison.Ordinal), "refused", "sku", 0),
        (Movement(18, "1").Replace("\"A\"", "4711", StringComparison.Ordinal), "held", "sku", 0),
        (Movement(19, "1", at: "\"2026-03-01 08:00:00\""), "accepted", "", 1),
        (Movement(20, "2", at: "\"20260301T080000Z\""), "accepted", "", 2),
        (Movement(21, "3", at: "\"01.03.2026 08:00:00\""), "accepted", "", 3),
        (Movement(22, "4", at: "\"Sun, 01 Mar 2026 08:00:00 GMT\""), "accepted", "", 4),
        (Movement(23, "5", at: "1772352000"), "accepted", "", 5),
        (Movement(24, "6", at: "\"1772352000000\""), "accepted", "", 6),
        (Movement(25, "7", at: "\"/Date(1772352000000)/\""), "accepted", "", 7),
        (Movement(26, "8", at: "\"03/04/2026 08:00\""), "refused", "occurredAt", 0),
        (Movement(27, "8", at: "\"yesterday\""), "refused", "occurredAt", 0),
        (Movement(28, "8", at: "\"2026-02-30T08:00:00Z\""), "refused", "occurredAt", 0),
        (Movement(29, "100"), "accepted", "", 100),
    ];

    [Fact]
    public async Task One_bad_event_is_refused_by_its_place_and_field_and_its_neighbours_are_booked()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var (status, answer) = await SendAsync(stand, Encoding.UTF8.GetBytes($$"""{"events": [{{string.Join(", ", Events.Select(e => e.Event))}}]}"""));
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        var items = answer!["items"]!.AsArray();
        items.Select((item, i) => $"event {(int)item!["index"]!}: {(string)item["outcome"]!} {FieldsOf(item)}")
            .ShouldBe(Events.Select((e, i) => $"event {i}: {e.Outcome} {e.Fields}"));
        await stand.Warehouse.ApplyAsync();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(Events.Sum(e => e.Units));
        (await stand.Api.SqlAsync<int>("SELECT count(DISTINCT occurred_at)::int FROM ledger_entries WHERE delta BETWEEN 1 AND 7")).ShouldBe(1, "one moment, however it is written");
        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(Events.Count(e => e.Outcome == "accepted"));
    }

    [Fact]
    public async Task A_call_that_cannot_be_read_at_all_is_refused_whole_and_changes_nothing()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var good = Movement(1, "12");
        byte[][] calls =
        [
            Encoding.UTF8.GetBytes("{\"events\": [" + good), // Half of a call.
            Encoding.UTF8.GetBytes("events=" + good),
            Encoding.UTF8.GetBytes("{\"events\": " + good + "}"),
            Encoding.UTF8.GetBytes("{}"),
            Encoding.Unicode.GetBytes("{\"events\": [" + good + "]}"),
            Encoding.UTF8.GetBytes("{\"watermark\": \"far\", \"events\": [" + good + "]}"),
        ];
        foreach (var call in calls)
        {
            var (status, answer) = await SendAsync(stand, call);
            status.ShouldBe(HttpStatusCode.BadRequest, Encoding.UTF8.GetString(call));
            answer!["title"].ShouldNotBeNull();
        }

        (await stand.Api.SqlAsync<long>("SELECT count(*) FROM inbox")).ShouldBe(0);

        // A letter in another encoding is one text's mistake and no other's.
        byte[] mixed = [.. Encoding.UTF8.GetBytes("{\"events\": [" + good + "," + Movement(2, "5")[..^1] + ", \"reference\": \"R-"), 0xE4, .. Encoding.UTF8.GetBytes("\"}]}")];
        var (read, told) = await SendAsync(stand, mixed);
        read.ShouldBe(HttpStatusCode.OK, told?.ToJsonString());
        told!["items"]!.AsArray().Select(item => $"{(string)item!["outcome"]!} {FieldsOf(item)}").ShouldBe(["accepted ", "refused reference"]);
    }

    [Fact]
    public async Task The_API_says_what_an_event_is()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var document = JsonNode.Parse(await stand.Api.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!;
        var operation = document["paths"]!["/api/v1/sources/{id}/events"]!["post"]!;
        var request = Resolved(document, operation["requestBody"]!["content"]!["application/json"]!["schema"]!);
        var events = Resolved(document, request["properties"]!["events"]!);
        var one = Resolved(document, events["items"].ShouldNotBeNull(request.ToJsonString()));
        string[] fields = [.. one["properties"]!.AsObject().Select(p => p.Key)];
        fields.ShouldBe(
            [
                "id", "type", "sku", "location", "occurredAt", "sequence", "bucket", "units", "onHand", "unavailable", "open", "shipped", "reference", "system",
                "postedThrough",
            ],
            ignoreOrder: true);
    }

    private static JsonNode Resolved(JsonNode document, JsonNode schema) =>
        schema["$ref"] is { } reference ? document["components"]!["schemas"]![((string)reference!).Split('/')[^1]]! : schema;

    private static string FieldsOf(JsonNode item) =>
        item["errors"] is JsonObject errors ? string.Join(' ', errors.Select(e => e.Key)) : "";

    private static Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(SourceStand stand, byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/json");
        return stand.Api.SendAsync(new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{stand.Erp}/events") { Content = content });
    }

    private static string Movement(int number, string units, string at = "\"2026-03-01T08:00:00Z\"") =>
        $$"""{"id": "m{{number}}", "type": "movement", "sku": "A", "location": "1000", "occurredAt": {{at}}, "sequence": {{number}}, "units": {{units}}}""";
}
