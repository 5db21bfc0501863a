using System.Reflection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Stock;

/// <summary>
/// Why a SKU's numbers are what they are, now or at an earlier moment: the entries that make each bucket with running
/// sums, what its levels looked like, what was written to them. JSON, or plain text where the caller accepts only that.
/// </summary>
internal sealed class ExplainStock : IEndpoint
{
    /// <param name="At">The moment explained; null means now.</param>
    /// <param name="Sums">Per location and bucket, computed from the ledger; all entries, also those not listed.</param>
    /// <param name="Entries">The newest 500, oldest first.</param>
    /// <param name="EntriesLeftOut">Older entries that are in the sums and not in the list.</param>
    internal sealed record Explanation(
        string Sku, DateTimeOffset? At, IReadOnlyList<BucketSum> Sums, IReadOnlyList<EntryView> Entries, long EntriesLeftOut,
        IReadOnlyList<LevelMoment> Levels, IReadOnlyList<LevelPush> Pushes);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}/explain", HandleAsync)
        .WithName("ExplainStock").WithTags("Stock")
        .WithSummary("Explains every number of a SKU, now or at a moment; location is a code, connection an id.");

    private static async Task<Results<Ok<Explanation>, PlainText, Refused>> HandleAsync(
        string sku, string? location, long? connection, DateTimeOffset? at, Caller caller, SkuDesk skus, LocationDesk locations,
        LedgerDesk ledger, HttpRequest request, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var place = location is null ? null : await locations.FindAsync(caller.Tenant, location, ct).ConfigureAwait(false);
        if (location is not null && place is null)
        {
            return (Refused)Problem.NotFound("location", location);
        }

        var query = new HistoryQuery(found.Id, place?.Id, connection, at?.ToUniversalTime());
        var sums = await ledger.SumsAsync(caller.Tenant, query, ct).ConfigureAwait(false);
        var entries = await ledger.EntriesAsync(caller.Tenant, query, ct).ConfigureAwait(false);
        var levels = await ledger.LevelsAsync(caller.Tenant, query, ct).ConfigureAwait(false);
        var pushes = await ledger.PushesAsync(caller.Tenant, query, ct).ConfigureAwait(false);
        var total = connection is null ? sums.Sum(sum => sum.Entries) : entries.Count;
        var answer = new Explanation(found.Code, at, sums, entries, Math.Max(0, total - entries.Count), levels, pushes);
        return WantsText(request) ? new PlainText(ExplanationText.Of(answer)) : TypedResults.Ok(answer);
    }

    private static bool WantsText(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return accept.Contains("text/plain", StringComparison.OrdinalIgnoreCase)
            && !accept.Contains("application/json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The same for people.</summary>
    internal sealed class PlainText(string text) : IResult, IEndpointMetadataProvider
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "text/plain; charset=utf-8";
            return httpContext.Response.WriteAsync(text, httpContext.RequestAborted);
        }

        public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
        {
            // The JSON answer describes the route; this is the same in words.
        }
    }
}
