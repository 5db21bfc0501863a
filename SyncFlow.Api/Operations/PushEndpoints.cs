using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Front;
using PushState = SyncFlow.Storage.Publishing.PushState;
using Words = SyncFlow.Core.Explaining.Words;

namespace SyncFlow.Api.Operations;

/// <summary>Pushes, newest first.</summary>
internal sealed class ListPushes : IEndpoint
{
    /// <param name="Sku">Pushes that wrote a level of this SKU.</param>
    /// <param name="From">Planned at or after.</param>
    /// <param name="Until">Planned before.</param>
    internal sealed record Filter(
        [FromQuery(Name = "connectionId")] long? ConnectionId, [FromQuery(Name = "state")] Word<PushState>? State,
        [FromQuery(Name = "sku")] string? Sku, [FromQuery(Name = "from")] DateTimeOffset? From, [FromQuery(Name = "until")] DateTimeOffset? Until);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/pushes", HandleAsync)
        .WithName("ListPushes").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Lists pushes, optionally of one connection, state, SKU or time.");

    private static async Task<Results<Ok<Page<PushView>>, Refused>> HandleAsync(
        [AsParameters] Filter filter, [AsParameters] PageQuery page, Caller caller, SkuDesk skus, PushProofStore store, CancellationToken ct)
    {
        if (filter.From >= filter.Until)
        {
            return (Refused)Problem.Invalid("until", "It must be later than 'from'.");
        }

        var sku = filter.Sku is null ? null : await skus.FindAsync(caller.Tenant, filter.Sku, ct).ConfigureAwait(false);
        if (filter.Sku is not null && sku is null)
        {
            return (Refused)Problem.NotFound("SKU", filter.Sku);
        }

        var items = await store.ListAsync(
            new TenantId(caller.Tenant),
            new PushFilter(
                filter.ConnectionId is { } id ? new ConnectionId(id) : null, filter.State?.Value, sku is null ? null : new SkuId(sku.Id),
                filter.From?.ToUniversalTime(), filter.Until?.ToUniversalTime()),
            page.AfterGuid(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One push: what caused it, what was sent, what the channel said, and the reading that proved it.</summary>
internal sealed class GetPush : IEndpoint
{
    /// <param name="Request">The request's variables exactly as sent.</param>
    internal sealed record Answer(PushView Push, string Channel, string Request, IReadOnlyList<Element> Elements);

    /// <param name="Times">From the cause to the proof.</param>
    /// <param name="Batches">What changed the level since the push before.</param>
    /// <param name="Causes">The newest entries of the SKU since the push before.</param>
    internal sealed record Element(
        long LevelId, string Sku, string Location, string ItemRef, string ExternalLocationId, int From, int To, int Changes,
        ElementOutcome? Outcome, string? Code, Times Times, int? ProvenBy, IReadOnlyList<string> Batches, IReadOnlyList<Cause> Causes, bool MoreCauses);

    /// <param name="CauseAt">When the oldest cause happened, by the channel's clock.</param>
    /// <param name="ReceivedAt">When the event of that cause reached us.</param>
    /// <param name="RecordedAt">When that cause was written to the ledger.</param>
    /// <param name="MillisecondsToAcknowledged">From the cause.</param>
    /// <param name="MillisecondsToVerified">From the cause.</param>
    internal sealed record Times(
        DateTimeOffset? CauseAt, DateTimeOffset? ReceivedAt, DateTimeOffset? RecordedAt, DateTimeOffset PlannedAt, DateTimeOffset? SentAt,
        DateTimeOffset? AcknowledgedAt, DateTimeOffset? VerifiedAt, double? MillisecondsToAcknowledged, double? MillisecondsToVerified);

    internal sealed record Cause(
        long EntryId, string Words, Bucket Bucket, int Delta, EntryReason Reason, string FactKey, DateTimeOffset OccurredAt,
        DateTimeOffset RecordedAt, long? EventId, EventTrace? Event);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/pushes/{id:guid}", HandleAsync)
        .WithName("GetPush").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Reads a push with its causes, times and proof, as JSON or in words.");

    /// <param name="format"><c>text</c> or <c>json</c>; else the Accept header decides.</param>
    private static async Task<Results<Ok<Answer>, PlainText, Refused>> HandleAsync(
        Guid id, [FromQuery(Name = "format")] string? format, Caller caller, PushProofStore store, HttpRequest request, CancellationToken ct)
    {
        if (PlainText.Check(format) is { } problem)
        {
            return (Refused)problem;
        }

        if (await store.FindAsync(new TenantId(caller.Tenant), id, ct).ConfigureAwait(false) is not var (proof, names))
        {
            return (Refused)(await store.KeptOnlyFromAsync(new TenantId(caller.Tenant), id, ct).ConfigureAwait(false) is { } from
                ? new Problem(ProblemKind.NotFound, Words.Of($"The push '{id}' is older than what is kept: pushes are kept from {from:u} on."))
                : Problem.NotFound("push", id));
        }

        var answer = new Answer(
            proof.Push, names.Of(new ConnectionId(proof.Push.ConnectionId)), proof.Request,
            [.. proof.Elements.Select(e => Of(e, proof.Push, names))]);
        return PlainText.IsAskedFor(format, request) ? new PlainText(PushText.Of(answer)) : TypedResults.Ok(answer);
    }

    private static Element Of(ElementProof element, PushView push, StockNames names) => new(
        element.Level.Value, element.SkuCode, names.Of(element.Location), element.ItemRef, element.ExternalLocation, element.From, element.To,
        element.Changes, element.Outcome, element.Code,
        new Times(
            element.CauseAt, element.OldestCause?.Event?.ReceivedAt, element.OldestCause?.RecordedAt,
            element.PlannedAt, push.SentAt, element.AcknowledgedAt, element.VerifiedAt,
            (element.AcknowledgedAt - element.CauseAt)?.TotalMilliseconds, (element.VerifiedAt - element.CauseAt)?.TotalMilliseconds),
        element.ProvenBy, element.Batches,
        [
            .. element.Causes.Select(c => new Cause(
                c.EntryId, Words.Of(c.Entry, names), c.Entry.Bucket, c.Entry.Delta, c.Entry.Reason, c.Entry.FactKey, c.Entry.OccurredAt,
                c.RecordedAt, c.Entry.InboxEvent, c.Event)),
        ],
        element.MoreCauses);
}
