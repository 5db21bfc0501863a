using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>The tenant's sources.</summary>
internal sealed class ListSources : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sources", HandleAsync)
            .WithName("ListSources").WithTags("Sources").Needs(Permission.SourcesRead).WithSummary("Lists sources with their state, how far they have got, and counts of their events.");
        routes.MapGet("/sources/{id:long}", OneAsync).WithName("GetSource").WithTags("Sources").Needs(Permission.SourcesRead).WithSummary("Reads a source.");
    }

    private static async Task<Ok<Page<SourceView>>> HandleAsync(Caller caller, SourceDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        TypedResults.Ok(page.Of(await desk.ListAsync(caller.Tenant, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), item => item.Id));

    private static async Task<Results<Ok<SourceView>, Refused>> OneAsync(long id, Caller caller, SourceDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("source", id);
}

/// <summary>Sets a source up.</summary>
internal sealed class CreateSource : IEndpoint
{
    internal const int LongestName = 200;

    private const int DefaultCadence = 900;

    private const int LongestCadence = 30 * 86_400;

    private static readonly Bucket[] Writable = [Bucket.OnHand, Bucket.Unavailable, Bucket.Allocated, Bucket.PosPending];

    /// <param name="Kind"><c>erp</c>, <c>wms</c>, <c>pos</c> or <c>3pl</c>.</param>
    /// <param name="Name">For people, and for the location map: no two systems share one.</param>
    /// <param name="Strategy"><c>push</c> when left out, <c>deltaPull</c> or <c>fullRefresh</c>.</param>
    /// <param name="Ordering">What puts its events in order: <c>sequence</c>, or <c>time</c> (when left out).</param>
    /// <param name="CadenceSeconds">How often it is expected to report; 900 when left out.</param>
    /// <param name="Writes">Buckets it may write: <c>onHand</c>, <c>unavailable</c>, <c>allocated</c> (picks), <c>posPending</c> (sales).</param>
    /// <param name="OwnsOnHand">Whether it keeps the books of on-hand at its places where no authority rule says otherwise.</param>
    /// <param name="ReferenceSystem">The connection that its references mean unless they say another.</param>
    /// <param name="Gapless">Whether its sequence counts without gaps.</param>
    internal sealed record Request(
        string? Kind, string? Name, string? Strategy, string? Ordering, int? CadenceSeconds, IReadOnlyList<string>? Writes, bool OwnsOnHand,
        long? ReferenceSystem, bool Gapless);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/sources", HandleAsync)
        .WithName("CreateSource").WithTags("Sources").Needs(Permission.SourcesManage).WithSummary("Sets a source up.");

    private static async Task<Results<Created<SourceView>, Refused>> HandleAsync(
        Request request, Caller caller, SourceDesk desk, SourceMapDesk map, CancellationToken ct)
    {
        var strategy = SourceStrategy.Push;
        var ordering = SourceOrdering.Time;
        var systems = await map.SystemsAsync(caller.Tenant, ct).ConfigureAwait(false);
        var check = new Check()
            .That(request.Kind is not null && ConnectionKinds.IsSource(request.Kind), "kind", "One of: " + string.Join(", ", ConnectionKinds.Sources) + ".")
            .Text(request.Name, "name", LongestName)
            .That(request.Name is null || !systems.Contains(request.Name.Trim()), "name", "Another connection has this name.")
            .That(request.Strategy is null || Words.TryParse(request.Strategy, out strategy), "strategy", "One of: push, deltaPull, fullRefresh, changeCapture.")
            .That(request.Ordering is null || Words.TryParse(request.Ordering, out ordering), "ordering", "Either sequence or time.")
            .That(!request.Gapless || ordering == SourceOrdering.Sequence, "gapless", "Only a sequence counts without gaps.");
        CheckCadence(request.CadenceSeconds, check);
        var writes = ReadWrites(request.Writes, check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var draft = new SourceDraft(
            request.Kind!, request.Name!.Trim(), strategy, ordering, request.CadenceSeconds ?? DefaultCadence, writes!, request.OwnsOnHand,
            request.ReferenceSystem, request.Gapless);
        return await desk.CreateAsync(caller.Tenant, draft, ct).ConfigureAwait(false) is { } id
            ? TypedResults.Created($"/api/v1/sources/{id}", await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))
            : (Refused)Problem.Invalid("referenceSystem", "There is no such connection.");
    }

    internal static void CheckCadence(int? seconds, Check check) =>
        check.That(seconds is null or (>= 1 and <= LongestCadence), "cadenceSeconds", $"From 1 to {LongestCadence}.");

    /// <summary>Buckets by name; null where one is not writable, which is noted.</summary>
    internal static Bucket[]? ReadWrites(IReadOnlyList<string>? names, Check check)
    {
        var read = (names ?? []).Select(name => Words.TryParse<Bucket>(name, out var bucket) && Writable.Contains(bucket) ? bucket : (Bucket?)null).ToList();
        var good = read.Count > 0 && read.TrueForAll(b => b is not null);
        check.That(good, "writes", "One or more of: onHand, unavailable, allocated, posPending.");
        return good ? [.. read.OfType<Bucket>().Distinct().Order()] : null;
    }
}

/// <summary>Changes a source. Its kind, strategy and ordering stay: what it reported was read by them.</summary>
internal sealed class ChangeSource : IEndpoint
{
    internal sealed record Request(
        string? Name, int? CadenceSeconds, IReadOnlyList<string>? Writes, bool? OwnsOnHand, long? ReferenceSystem, bool? Gapless);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPatch("/sources/{id:long}", HandleAsync)
            .WithName("ChangeSource").WithTags("Sources").Needs(Permission.SourcesManage).WithSummary("Changes a source; what is left out stays.");
        routes.MapPost("/sources/{id:long}/resume", ResumeAsync).WithName("ResumeSource").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Starts a frozen source again: what it reports from now on is newer than all before, and what was kept is booked.");
    }

    private static async Task<Results<Ok<SourceView>, Refused>> HandleAsync(
        long id, Request request, Caller caller, SourceDesk desk, SourceMapDesk map, CancellationToken ct)
    {
        var check = new Check().Optional(request.Name, "name", CreateSource.LongestName);
        CreateSource.CheckCadence(request.CadenceSeconds, check);
        var writes = request.Writes is null ? null : CreateSource.ReadWrites(request.Writes, check);
        var systems = await map.SystemsAsync(caller.Tenant, ct).ConfigureAwait(false);
        check.That(request.Name is null || systems[request.Name.Trim()].All(s => s.Id == id), "name", "Another connection has this name.")
            .That(request.ReferenceSystem is not { } system || systems.Any(s => s.Any(one => one.Id == system)), "referenceSystem", "There is no such connection.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var change = new SourceChange(
            request.Name?.Trim(), request.CadenceSeconds, writes, request.OwnsOnHand, request.ReferenceSystem, request.Gapless);
        return await desk.ChangeAsync(caller.Tenant, id, change, ct).ConfigureAwait(false)
            ? TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!)
            : (Refused)Problem.NotFound("source", id);
    }

    private static async Task<Results<Ok<SourceView>, Refused>> ResumeAsync(
        long id, Caller caller, SourceDesk desk, SourceMapDesk map, WakeUps wakeUps, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        if (!await map.ResumeAsync(caller.Tenant, id, ct).ConfigureAwait(false))
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "The source is not frozen.");
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        return TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!);
    }
}

/// <summary>What waits to be mapped, and saying what a source's item is.</summary>
internal sealed class UnmappedEvents : IEndpoint
{
    private const int MostCodes = 500;

    internal sealed record ItemRequest(string? Item, string? Sku);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sources/{id:long}/held-events", HeldAsync).WithName("ListHeldEvents").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists events that wait to be mapped, or for their source to be resumed.");
        routes.MapGet("/sources/{id:long}/unmapped", UnmappedAsync).WithName("ListUnmappedCodes").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists codes that events wait for, with their number.");
        routes.MapPut("/sources/{id:long}/items", MapItemAsync)
            .WithName("MapSourceItem").WithTags("Sources").Needs(Permission.SourcesManage).WithSummary("Says which SKU an item code of the source is.");
    }

    private static async Task<Results<Ok<Page<HeldView>>, Refused>> HeldAsync(
        long id, Caller caller, SourceDesk desk, SourceMapDesk map, [AsParameters] PageQuery page, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(page.Of(await map.HeldAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), e => e.HeldId));

    private static async Task<Results<Ok<List<UnmappedCode>>, Refused>> UnmappedAsync(
        long id, Caller caller, SourceDesk desk, SourceMapDesk map, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(await map.UnmappedAsync(caller.Tenant, id, MostCodes, ct).ConfigureAwait(false));

    private static async Task<Results<Ok<ItemRequest>, Refused>> MapItemAsync(
        long id, ItemRequest request, Caller caller, SourceDesk desk, SourceMapDesk map, OperationDesk codes, CancellationToken ct)
    {
        var check = new Check().Text(request.Item, "item", Skus.SkuCode.Longest).Text(request.Sku, "sku", Skus.SkuCode.Longest);
        var sku = string.IsNullOrWhiteSpace(request.Sku) ? null : (await codes.CodesAsync(caller.Tenant, [request.Sku], [], ct).ConfigureAwait(false)).Sku(request.Sku);
        check.That(check.Names("sku") || sku is not null, "sku", "There is no such SKU.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        await map.MapItemAsync(caller.Tenant, id, request.Item!, sku!.Value, ct).ConfigureAwait(false);
        return TypedResults.Ok(request);
    }
}
