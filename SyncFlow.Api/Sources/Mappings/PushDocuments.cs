using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources.Mappings;

/// <summary>A source posts its own documents, in its own form; a mapping makes events of them.</summary>
internal sealed class PushDocuments : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/sources/{id:long}/documents", HandleAsync)
        .WithName("PushSourceDocuments").WithTags("Source API").Needs(Permission.SourcesWrite)
        .WithSummary("Takes in JSON documents as a source writes them, by the mapping that is named, else the source's own. Each record is answered by itself.");

    private static async Task<Results<Ok<PushEvents.Answer>, Refused>> HandleAsync(
        long id, string? mapping, JsonElement document, Caller caller, MappingBook mappings, SourceIntake intake, WakeUps wakeUps, CancellationToken ct)
    {
        if (await mappings.FindAsync(caller.Tenant, id, mapping, ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.Invalid("mapping", "Name a mapping, or give the source one.");
        }

        var records = JsonRecord.Of(document, found.Records).Take(SourceBatch.MostEvents + 1).Select(found.Read).ToList();
        var events = records.SelectMany(r => r.Events).ToList();
        if (records.Count > SourceBatch.MostEvents || events.Count > SourceBatch.MostEvents)
        {
            return (Refused)Problem.Invalid("document", $"At most {SourceBatch.MostEvents} records, and as many events of them.");
        }

        if (records.Count == 0)
        {
            return (Refused)Problem.Invalid("document", found.Records.Length == 0 ? "It holds no record." : $"It holds no record at {found.Records}.");
        }

        var batch = new SourceBatch(null, events) { Unreadable = records.Count(r => r.Errors.Count > 0) };
        if (await intake.TakeInAsync(new TenantId(caller.Tenant), new ConnectionId(id), batch, ct).ConfigureAwait(false) is not { } receipt)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        if (receipt.Items.Any(i => i.Outcome == SourceOutcome.Accepted))
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
        }

        var taken = new Queue<SourceItem>(receipt.Items);
        return TypedResults.Ok(PushEvents.Answer.Of(
            receipt,
            [
                .. records.SelectMany((record, n) => record.Errors.Count > 0
                    ? [new PushEvents.Item(n, null, SourceOutcome.Refused, record.Errors)]
                    : record.Events.Select(_ => PushEvents.Item.Of(n, taken.Dequeue())).ToList()),
            ]));
    }
}
