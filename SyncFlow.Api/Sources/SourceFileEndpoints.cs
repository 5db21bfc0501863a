using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>Files of sources: all positions at one moment, or events of the past; up to 200 MB, read as they come.</summary>
internal sealed class SourceFileEndpoints : IEndpoint
{
    /// <summary>A full refresh.</summary>
    public static readonly CsvColumns Positions = new(["sku", "location", "onHand"], ["unavailable"], ["TENT-2P", "1000/0001", "98", "1"]);

    /// <summary>History.</summary>
    public static readonly CsvColumns Events = new(
        ["id", "type", "sku", "location", "occurredAt"],
        ["sequence", "units", "bucket", "onHand", "unavailable", "open", "shipped", "reference", "system"],
        ["5000012-1", "movement", "TENT-2P", "1000/0001", "2026-11-20T10:02:11Z", "10500", "-2", "", "", "", "", "", "R-77", "8"]);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sources/{id:long}/refreshes/csv", RefreshAsync).WithName("RefreshSource").WithTags("Source API").Needs(Permission.SourcesWrite)
            .Accepts<string>(CsvFile.ContentType).WithMetadata(new RequestSizeLimitAttribute(SourceFileIntake.MostBytes))
            .WithSummary("Takes all positions of a source from a file; one that would take away much waits for approval.");
        routes.MapPost("/sources/{id:long}/history/csv", HistoryAsync).WithName("BackfillSource").WithTags("Source API").Needs(Permission.SourcesWrite)
            .Accepts<string>(CsvFile.ContentType).WithMetadata(new RequestSizeLimitAttribute(SourceFileIntake.MostBytes))
            .WithSummary("Takes events of the past from a file; sent again, each event is known by its id.");
        routes.MapGet("/sources/{id:long}/files", ListAsync).WithName("ListSourceFiles").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists files of a source, newest first, with their progress.");
        routes.MapGet("/sources/{id:long}/files/{file:long}", OneAsync).WithName("GetSourceFile").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads a file's state, errors and progress.");
        foreach (var approve in new[] { true, false })
        {
            var word = approve ? "approve" : "reject";
            routes.MapPost($"/sources/{{id:long}}/files/{{file:long}}/{word}", (
                    long id, long file, Caller caller, SourceFileDesk desk, CancellationToken ct) => DecideAsync(id, file, approve, caller, desk, ct))
                .WithName(approve ? "ApproveSourceFile" : "RejectSourceFile").WithTags("Sources").Needs(Permission.SourcesManage)
                .WithSummary(approve ? "Books a full refresh that waits." : "Throws a full refresh away that waits.");
        }
    }

    private static async Task<Results<Ok<Page<SourceFileView>>, Refused>> ListAsync(
        long id, Caller caller, SourceDesk sources, SourceFileDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(page.Of(await desk.ListAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), f => f.Id));

    private static async Task<Results<Ok<SourceFileView>, Refused>> OneAsync(long id, long file, Caller caller, SourceFileDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, file, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("file", file);

    private static async Task<Results<Accepted<FileAccepted>, Refused>> RefreshAsync(
        long id, DateTimeOffset? asOf, long? sequence, HttpRequest request, Caller caller, SourceDesk sources, SourceFileIntake intake, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } source)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        var check = new Check().That(asOf is not null, "asOf", "When the positions were taken, by the source's own clock.")
            .That(source.Ordering == SourceOrdering.Sequence == sequence is not null, "sequence", "Named where, and only where, the source is ordered by sequence.")
            .That(sequence is null or (>= 0 and < SourceVersions.Span), "sequence", $"From 0 to {SourceVersions.Span - 1}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        SourceEventInput Position(long file, int line, string? sku, string? place, decimal? onHand, decimal? unavailable) => new(
            string.Create(CultureInfo.InvariantCulture, $"file:{file}:{line}"), "position", sku, place, asOf, sequence, null, null, onHand, unavailable, null, null,
            null, null, null);
        var reading = new SourceFileIntake.Reading(
            SourceFileKind.FullRefresh, Positions,
            (row, file, noted) =>
                Position(file, row.Line, row.Text("sku"), row.Text("location"), row.Number("onHand", noted), row.Number("unavailable", noted)).Read(null, noted),
            (file, item, place, n) => Position(file, -1 - n, item, place, 0, null).Read(null, new Check())!);
        return await intake.ReceiveAsync(request, id, reading, ct).ConfigureAwait(false);
    }

    private static async Task<Results<Accepted<FileAccepted>, Refused>> HistoryAsync(
        long id, HttpRequest request, Caller caller, SourceDesk sources, SourceFileIntake intake, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        var reading = new SourceFileIntake.Reading(
            SourceFileKind.History, Events,
            (row, _, noted) => new SourceEventInput(
                row.Text("id"), row.Text("type"), row.Text("sku"), row.Text("location"), row.Time("occurredAt", noted), Whole(row, "sequence", noted),
                row.Text("bucket"), row.Number("units", noted), row.Number("onHand", noted), row.Number("unavailable", noted), row.Number("open", noted),
                row.Number("shipped", noted), row.Text("reference"), Whole(row, "system", noted), null).Read(null, noted),
            null);
        return await intake.ReceiveAsync(request, id, reading, ct).ConfigureAwait(false);
    }

    private static long? Whole(CsvRow row, string column, Check check)
    {
        var text = row.Text(column);
        var read = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        check.That(text is null || read, column, "This is not a whole number.");
        return read ? number : null;
    }

    private static async Task<Results<Ok<SourceFileView>, Refused>> DecideAsync(
        long id, long file, bool approve, Caller caller, SourceFileDesk desk, CancellationToken ct)
    {
        var decided = await desk.DecideAsync(caller.Tenant, id, file, approve, caller.Name, ct).ConfigureAwait(false);
        var view = await desk.FindAsync(caller.Tenant, id, file, ct).ConfigureAwait(false);
        return view is null ? (Refused)Problem.NotFound("file", file)
            : decided ? TypedResults.Ok(view)
            : (Refused)new Problem(ProblemKind.StateConflict, "The file does not wait for approval.");
    }
}
