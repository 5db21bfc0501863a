using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>The Source API: a source posts its events, up to 1,000 in a call; each is taken in or refused by itself.</summary>
internal sealed class PushEvents : IEndpoint
{
    /// <param name="Watermark">The source's own word on how far it has got, in its own numbers.</param>
    /// <param name="PostedThrough">What of other systems all positions of this call contain.</param>
    /// <param name="Events">As <see cref="SourceEventInput"/> names their fields; each is read by itself, so that one stops no other.</param>
    internal sealed record Request(long? Watermark, IReadOnlyList<PostedInput>? PostedThrough, IReadOnlyList<JsonElement>? Events);

    /// <summary>What became of one event.</summary>
    /// <param name="Index">Its place in the call, from 0.</param>
    /// <param name="Errors">Messages by field, where it was refused or held.</param>
    internal sealed record Item(int Index, string? Id, SourceOutcome Outcome, IReadOnlyDictionary<string, string[]>? Errors)
    {
        public static Item Of(int index, SourceItem item) =>
            new(index, item.Id, item.Outcome, item.Message is null ? null : Field(item.Field ?? "source", item.Message));
    }

    /// <summary>What became of a call.</summary>
    /// <param name="State">Where the source stands now.</param>
    /// <param name="Reason">Why it is frozen.</param>
    internal sealed record Answer(
        SourceState State, string? Reason, int Accepted, int Repeated, int Held, int Refused, IReadOnlyList<Item> Items)
    {
        public static Answer Of(SourceReceipt receipt, IReadOnlyList<Item> items)
        {
            int Count(SourceOutcome outcome) => items.Count(item => item.Outcome == outcome);
            return new Answer(
                receipt.State, receipt.State == SourceState.Frozen ? receipt.Reason : null, Count(SourceOutcome.Accepted), Count(SourceOutcome.Repeated),
                Count(SourceOutcome.Held), Count(SourceOutcome.Refused), items);
        }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/sources/{id:long}/events", HandleAsync)
        .WithName("PushSourceEvents").WithTags("Source API").Needs(Permission.SourcesWrite)
        .WithSummary("Takes in movements, sales, positions and picks of a source. 200 means that every accepted or held event is stored durably.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        long id, Request request, Caller caller, SourceIntake intake, WakeUps wakeUps, CancellationToken ct)
    {
        var check = new Check()
            .That(request.Events is { Count: <= SourceBatch.MostEvents }, "events", $"A list of at most {SourceBatch.MostEvents} events.")
            .That(request.Watermark is null or (>= 0 and < SourceVersions.Span), "watermark", $"From 0 to {SourceVersions.Span - 1}.");
        SourceEventInput.CheckMarks(request.PostedThrough ?? [], check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var rows = request.Events!.Select(one => PushedRow.Of(one, request.PostedThrough)).ToList();
        var batch = new SourceBatch(request.Watermark, [.. rows.Select(r => r.Event).OfType<SourceEvent>()]) { Unreadable = rows.Count(r => r.Event is null) };
        if (await intake.TakeInAsync(new TenantId(caller.Tenant), new ConnectionId(id), batch, ct).ConfigureAwait(false) is not { } receipt)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        if (receipt.Items.Any(i => i.Outcome == SourceOutcome.Accepted))
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
        }

        var taken = new Queue<SourceItem>(receipt.Items);
        return TypedResults.Ok(Answer.Of(
            receipt, [.. rows.Select((row, i) => row.Event is null ? new Item(i, row.Id, SourceOutcome.Refused, row.Errors) : Item.Of(i, taken.Dequeue()))]));
    }

    /// <summary>Tells in the API's description what an event is: the request only says that there is JSON.</summary>
    internal static async Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        if (context.JsonTypeInfo.Type == typeof(Request) && schema.Properties is { } fields && fields.TryGetValue("events", out var found) && found is OpenApiSchema events)
        {
            events.Items = await context.GetOrCreateSchemaAsync(typeof(SourceEventInput), null, ct).ConfigureAwait(false);
        }
    }

    private static Dictionary<string, string[]> Field(string field, string message) => new() { [field] = [message] };
}
