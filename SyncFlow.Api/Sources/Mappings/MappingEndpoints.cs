using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Mappings;

namespace SyncFlow.Api.Sources.Mappings;

/// <summary>Mappings: ready ones, merchants' own, and which one a source is read by.</summary>
internal sealed partial class MappingEndpoints : IEndpoint
{
    private const int MostOwn = 100;

    private const int MostCharacters = 64 << 10;

    /// <param name="Name">By which sources name it.</param>
    /// <param name="Ready">Whether it came with the product; a tenant's own of the same name stands in its place.</param>
    /// <param name="About">What it is for.</param>
    /// <param name="Sources">Sources of the tenant that are read by it, where it is its own.</param>
    internal sealed record View(string Name, bool Ready, string? About, long? Sources, JsonElement Document);

    /// <param name="Mapping">A mapping's name; null for none.</param>
    internal sealed record Choice(string? Mapping);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/source-mappings", ListAsync).WithName("ListSourceMappings").WithTags("Source API").Needs(Permission.SourcesRead)
            .WithSummary("Lists mappings that turn sources' own records into events: the tenant's own first, then the ready ones.");
        routes.MapGet("/source-mappings/{name}", OneAsync).WithName("GetSourceMapping").WithTags("Source API").Needs(Permission.SourcesRead)
            .WithSummary("Reads a mapping; a ready one is a good beginning for one's own.");
        routes.MapPut("/source-mappings/{name}", PutAsync).WithName("PutSourceMapping").WithTags("Source API").Needs(Permission.SourcesManage)
            .WithSummary("Stores a mapping of the tenant's own; every member that is wrong is named.");
        routes.MapDelete("/source-mappings/{name}", DeleteAsync).WithName("DeleteSourceMapping").WithTags("Source API").Needs(Permission.SourcesManage)
            .WithSummary("Deletes a mapping of the tenant's own that no source is read by.");
        routes.MapGet("/sources/{id:long}/mapping", ChosenAsync).WithName("GetMappingOfSource").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads which mapping a source is read by.");
        routes.MapPut("/sources/{id:long}/mapping", ChooseAsync).WithName("ChooseSourceMapping").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Says which mapping a source's files, documents and captured changes are read by.");
    }

    private static async Task<Ok<List<View>>> ListAsync(Caller caller, SourceMappingDesk desk, CancellationToken ct)
    {
        var own = await desk.ListAsync(caller.Tenant, ct).ConfigureAwait(false);
        return TypedResults.Ok(own.Select(Own).Concat(ReadyMappings.Names.Where(n => own.TrueForAll(o => o.Name != n)).Select(Ready)).ToList());
    }

    private static async Task<Results<Ok<View>, Refused>> OneAsync(string name, Caller caller, SourceMappingDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, name, ct).ConfigureAwait(false) is { } own ? TypedResults.Ok(Own(own))
            : ReadyMappings.Find(name) is not null ? TypedResults.Ok(Ready(name))
            : (Refused)Problem.NotFound("mapping", name);

    private static async Task<Results<Ok<View>, Refused>> PutAsync(
        string name, JsonElement document, Caller caller, SourceMappingDesk desk, CancellationToken ct)
    {
        var text = document.GetRawText();
        var check = new Check().That(Name().IsMatch(name), "name", "1 to 60 small letters, digits and dashes.")
            .That(text.Length <= MostCharacters, "mapping", $"At most {MostCharacters} characters.");
        if (MappingReader.Read(document, check) is null && check.Failed(out var refused))
        {
            return refused;
        }

        if (!await desk.PutAsync(caller.Tenant, name, text, MostOwn, ct).ConfigureAwait(false))
        {
            return (Refused)new Problem(ProblemKind.QuotaReached, $"A tenant has at most {MostOwn} mappings of its own.");
        }

        return TypedResults.Ok(Own((await desk.FindAsync(caller.Tenant, name, ct).ConfigureAwait(false))!));
    }

    private static async Task<Results<NoContent, Refused>> DeleteAsync(string name, Caller caller, SourceMappingDesk desk, CancellationToken ct) =>
        await desk.DeleteAsync(caller.Tenant, name, ct).ConfigureAwait(false) ? TypedResults.NoContent()
            : await desk.FindAsync(caller.Tenant, name, ct).ConfigureAwait(false) is null ? (Refused)Problem.NotFound("mapping", name)
            : (Refused)new Problem(ProblemKind.StateConflict, "Sources are read by this mapping.");

    private static async Task<Results<Ok<Choice>, Refused>> ChosenAsync(
        long id, Caller caller, SourceDesk sources, SourceMappingDesk desk, CancellationToken ct) =>
        await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(new Choice(await desk.OfSourceAsync(caller.Tenant, id, ct).ConfigureAwait(false)));

    private static async Task<Results<Ok<Choice>, Refused>> ChooseAsync(
        long id, Choice request, Caller caller, SourceMappingDesk desk, CancellationToken ct)
    {
        var known = request.Mapping is not { } name || ReadyMappings.Find(name) is not null || await desk.FindAsync(caller.Tenant, name, ct).ConfigureAwait(false) is not null;
        return !known ? (Refused)Problem.Invalid("mapping", "There is no mapping of this name.")
            : await desk.ChooseAsync(caller.Tenant, id, request.Mapping, ct).ConfigureAwait(false) ? TypedResults.Ok(request)
            : (Refused)Problem.NotFound("source", id);
    }

    private static View Own(OwnMapping own)
    {
        var document = Parse(own.Document);
        return new View(own.Name, Ready: false, About(document), own.Sources, document);
    }

    private static View Ready(string name)
    {
        var document = Parse(ReadyMappings.Find(name)!);
        return new View(name, Ready: true, About(document), null, document);
    }

    private static string? About(JsonElement document) => document.TryGetProperty("about", out var about) ? about.GetString() : null;

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,59}$")]
    private static partial Regex Name();
}
