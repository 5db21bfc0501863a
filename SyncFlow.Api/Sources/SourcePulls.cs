using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Api.Sources;

/// <summary>How SyncFlow asks a source: where its API is, what opens it, which of its feeds are read, and how that goes.</summary>
internal sealed class SourcePulls : IEndpoint
{
    private const int LongestUrl = 500;

    private const int LongestSecret = 4_000;

    private const int LongestAccount = 200;

    private const int MostOverlap = 10_000_000;

    private const int LongestRefresh = 30 * 86_400;

    private const int ShortestRefresh = 60;

    /// <summary>What opens the source's API.</summary>
    /// <param name="Scheme"><c>bearer</c>, <c>basic</c> or <c>header</c>.</param>
    /// <param name="Account">The user of <c>basic</c>, the header's name of <c>header</c>.</param>
    /// <param name="Secret">Kept sealed, and never shown again; left out, the one that is there stays.</param>
    internal sealed record Access(string? Scheme, string? Account, string? Secret);

    /// <param name="Url">The address that <c>movements</c>, <c>positions</c> and <c>pick-tasks</c> stand under.</param>
    /// <param name="Movements">Whether movements are asked for, at the source's cadence; true when left out.</param>
    /// <param name="Positions">Whether all positions are asked for, at first and then every so often.</param>
    /// <param name="PickTasks">Whether open pick tasks are asked for, at the source's cadence.</param>
    /// <param name="PageSize">Rows wished for in a page, 1 to 1,000; 1,000 when left out.</param>
    /// <param name="Overlap">How far before its watermark a round begins: in numbers (1,000 when left out) or, ordered by time, in seconds (600).</param>
    /// <param name="RefreshSeconds">How often all positions are asked for; a day when left out.</param>
    /// <param name="Pages">Feeds whose pages have a form of the source's own, and how it is read; left out, all are as the Source API has them.</param>
    internal sealed record Request(
        string? Url, Access? Authorization, bool? Movements, bool? Positions, bool? PickTasks, int? PageSize, int? Overlap, int? RefreshSeconds,
        PullPages.Request? Pages);

    /// <param name="Refresh">Whether all positions are asked for, too.</param>
    internal sealed record AskRequest(bool Refresh);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sources/{id:long}/pull", OneAsync).WithName("GetSourcePull").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads how a source is asked, how far it has got, and what is wrong.");
        routes.MapPut("/sources/{id:long}/pull", SetAsync).WithName("SetSourcePull").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Has a source asked by its API, from now on.");
        routes.MapDelete("/sources/{id:long}/pull", RemoveAsync).WithName("RemoveSourcePull").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Asks a source no more, and forgets its secret.");
        routes.MapPost("/sources/{id:long}/pull/ask", AskAsync).WithName("AskSource").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Has a source asked now, not when it is due.");
        routes.MapGet("/sources/{id:long}/broken-rows", BrokenAsync).WithName("ListBrokenRows").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists rows of a source's answers that could not be read or were refused, as they came, newest first.");
    }

    private static async Task<Results<Ok<PullView>, Refused>> OneAsync(long id, Caller caller, PullDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("pull of source", id);

    private static async Task<Results<Ok<PullView>, Refused>> SetAsync(
        long id, Request request, Caller caller, SourceDesk sources, PullDesk desk, PullPages pages, CredentialVault vault, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } source)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        var check = new Check();
        var scheme = CheckAccess(request.Authorization, check);
        var url = UrlOf(request.Url, check);
        var (movements, positions, tasks) = (request.Movements ?? true, request.Positions ?? false, request.PickTasks ?? false);
        check.That(movements || positions || tasks, "movements", "One of movements, positions and pickTasks has to be asked for.")
            .That(request.PageSize is null or (>= 1 and <= SourceBatch.MostEvents), "pageSize", $"From 1 to {SourceBatch.MostEvents}.")
            .That(request.Overlap is null or (>= 0 and <= MostOverlap), "overlap", $"From 0 to {MostOverlap}.")
            .That(request.RefreshSeconds is null or (>= ShortestRefresh and <= LongestRefresh), "refreshSeconds", $"From {ShortestRefresh} to {LongestRefresh}.");
        var shapes = await pages.ReadAsync(caller.Tenant, request.Pages, movements, positions, check, ct).ConfigureAwait(false);
        var before = await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false);
        check.That(
            request.Authorization?.Secret is not null || url is null || before is null || IsSamePlace(url, new Uri(before.BaseUrl)), "authorization.secret",
            "Needed: a secret that was given for one address is not told to another.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var secret = request.Authorization?.Secret is { } text ? vault.Seal(new TenantId(caller.Tenant), new ConnectionId(id), text) : null;
        var setup = new PullSetup(
            url!, scheme, request.Authorization?.Account, secret, movements, positions, tasks, request.PageSize ?? SourceBatch.MostEvents,
            request.Overlap ?? (source.Ordering == SourceOrdering.Sequence ? 1_000 : 600), request.RefreshSeconds ?? 86_400, shapes);
        return await desk.SetAsync(caller.Tenant, id, setup, caller.Name, ct).ConfigureAwait(false)
            ? TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!)
            : (Refused)Problem.Invalid("authorization.secret", "A secret is needed.");
    }

    private static bool IsSamePlace(Uri one, Uri other) => one.Scheme == other.Scheme && one.Authority.Equals(other.Authority, StringComparison.OrdinalIgnoreCase);

    private static SourceApiScheme CheckAccess(Access? access, Check check)
    {
        var known = Words.TryParse<SourceApiScheme>(access?.Scheme, out var scheme);
        check.That(known, "authorization.scheme", "One of: bearer, basic, header.")
            .Optional(access?.Secret, "authorization.secret", LongestSecret)
            .That(access?.Secret?.Any(char.IsControl) != true, "authorization.secret", "It holds a character that no header may hold.")
            .That(!known || scheme == SourceApiScheme.Bearer == string.IsNullOrWhiteSpace(access!.Account), "authorization.account", "Needed for basic (the user) and header (its name), and only there.")
            .Optional(access?.Account, "authorization.account", LongestAccount);
        if (known && scheme == SourceApiScheme.Header && access!.Account is { } name)
        {
            check.That(name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'), "authorization.account", "A header's name has letters, digits and dashes.")
                .That(!Forbidden.Contains(name), "authorization.account", "This header is set by the call itself.");
        }

        return scheme;
    }

    private static readonly HashSet<string> Forbidden = new(StringComparer.OrdinalIgnoreCase) { "Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept", "Cookie" };

    /// <summary>An address of the outside; plain http is taken here and refused by whoever asks, unless it is a sandbox.</summary>
    private static Uri? UrlOf(string? text, Check check)
    {
        check.Text(text, "url", LongestUrl);
        var good = Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0
            && url.Query.Length == 0 && url.Fragment.Length == 0;
        check.That(text is null || good, "url", "An https address without user, query and fragment.");
        return good ? url : null;
    }

    private static async Task<Results<NoContent, Refused>> RemoveAsync(long id, Caller caller, PullDesk desk, CancellationToken ct) =>
        await desk.RemoveAsync(caller.Tenant, id, caller.Name, ct).ConfigureAwait(false) ? TypedResults.NoContent() : (Refused)Problem.NotFound("pull of source", id);

    private static async Task<Results<Accepted, Refused>> AskAsync(long id, AskRequest request, Caller caller, PullDesk desk, CancellationToken ct) =>
        await desk.AskNowAsync(caller.Tenant, id, request.Refresh, ct).ConfigureAwait(false)
            ? TypedResults.Accepted($"/api/v1/sources/{id}/pull")
            : (Refused)Problem.NotFound("pull of source", id);

    private static async Task<Results<Ok<Page<BrokenRowView>>, Refused>> BrokenAsync(
        long id, Caller caller, SourceDesk sources, PullDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(page.Of(await desk.BrokenAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), r => r.BrokenRowId));
}
