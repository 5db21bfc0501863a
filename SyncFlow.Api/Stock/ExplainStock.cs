using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Ledger;

namespace SyncFlow.Api.Stock;

/// <summary>
/// Why a SKU's numbers are what they are, now or as they were known at an earlier moment: sums with the entries behind
/// them, what each level was believed to show, its quota, and the pushes. JSON, or plain text.
/// </summary>
internal sealed class ExplainStock : IEndpoint
{
    /// <summary>Entries on a page when the caller names no limit.</summary>
    public const int DefaultEntries = 50;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}/explain", HandleAsync)
        .WithName("ExplainStock").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Explains every number of a SKU, now or at a moment (recorded time); location is a code, channel an id or a name.");

    /// <summary>What the caller asked for beside the SKU.</summary>
    /// <param name="Location">A location's code; all when left out.</param>
    /// <param name="Channel">A connection's id or name: its levels and pushes only; all when left out.</param>
    /// <param name="At">As recorded up to this moment; now when left out.</param>
    /// <param name="Format"><c>text</c> or <c>json</c>; else the Accept header decides.</param>
    internal sealed record Question(
        [FromQuery(Name = "location")] string? Location, [FromQuery(Name = "channel")] string? Channel,
        [FromQuery(Name = "at")] DateTimeOffset? At, [FromQuery(Name = "format")] string? Format);

    private static async Task<Results<Ok<ExplainAnswer>, PlainText, Refused>> HandleAsync(
        string sku, [AsParameters] Question question, [AsParameters] PageQuery page, Caller caller, SkuDesk skus, LocationDesk locations,
        ConnectionDesk connections, ExplainStore store, TimeProvider time, HttpRequest request, CancellationToken ct)
    {
        if (question.At > time.GetUtcNow())
        {
            return (Refused)Problem.Invalid("at", "It lies in the future; nothing has been recorded then.");
        }

        if (PlainText.Check(question.Format) is { } format)
        {
            return (Refused)format;
        }

        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var place = question.Location is { } code ? await locations.FindAsync(caller.Tenant, code, ct).ConfigureAwait(false) : null;
        if (question.Location is not null && place is null)
        {
            return (Refused)Problem.NotFound("location", question.Location);
        }

        var channels = await ChannelsAsync(connections, caller.Tenant, question.Channel, ct).ConfigureAwait(false);
        if (question.Channel is not null && channels.Count != 1)
        {
            return (Refused)(channels.Count == 0
                ? Problem.NotFound("channel", question.Channel)
                : Problem.Invalid("channel", "Several connections have this name; give the id of one."));
        }

        LocationId? location = place is null ? null : new LocationId(place.Id);
        var story = await store.ReadAsync(
            new TenantId(caller.Tenant), found.Code,
            new ExplainQuery(
                new SkuId(found.Id), location, channels is [var only] ? new ConnectionId(only) : null, question.At?.ToUniversalTime(),
                PointOf(page), page.Limit is null ? DefaultEntries : page.ReadCount - 1),
            ct).ConfigureAwait(false);
        var answer = ExplainAnswer.Of(story, location, story.Page.Next is { } next ? CursorOf(next) : null);
        return PlainText.IsAskedFor(question.Format, request) ? new PlainText(ExplanationText.Of(answer)) : TypedResults.Ok(answer);
    }

    private static async Task<IReadOnlyList<long>> ChannelsAsync(
        ConnectionDesk connections, long tenant, string? channel, CancellationToken ct)
    {
        if (channel is null)
        {
            return [];
        }

        if (long.TryParse(channel, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return await connections.FindAsync(tenant, id, ct).ConfigureAwait(false) is null ? [] : [id];
        }

        return (await connections.FindAsync(tenant, channel, ct).ConfigureAwait(false)).ConvertAll(c => c.Id);
    }

    private static string CursorOf(LedgerPoint point) =>
        PageQuery.CursorOf(string.Create(CultureInfo.InvariantCulture, $"{point.RecordedAt.UtcTicks}:{point.EntryId}"));

    private static LedgerPoint? PointOf(PageQuery page)
    {
        if (page.AfterText() is not { } text)
        {
            return null;
        }

        return text.Split(':') is [var ticks, var entry]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var moment)
            && moment <= DateTime.MaxValue.Ticks
            && long.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? new LedgerPoint(new DateTimeOffset(moment, TimeSpan.Zero), id)
                : throw PageQuery.NotOurs();
    }
}
