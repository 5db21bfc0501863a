using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Auditing;

namespace SyncFlow.Api.Auditing;

/// <summary>An entry of the audit log as callers see it.</summary>
/// <param name="PrevHash">Hexadecimal.</param>
/// <param name="Hash">Hexadecimal.</param>
internal sealed record AuditLine(
    long Seq, DateTimeOffset At, string Actor, string Action, string Subject, string? Origin, JsonElement? Details, JsonElement? Before,
    JsonElement? After, string PrevHash, string Hash)
{
    public static AuditLine Of(AuditEntry entry) => new(
        entry.Seq, entry.At, entry.Actor, entry.Action, entry.Subject, entry.Origin, Parse(entry.Details), Parse(entry.Before), Parse(entry.After),
        Convert.ToHexStringLower(entry.PrevHash), Convert.ToHexStringLower(entry.Hash));

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}

/// <summary>Reads the audit log.</summary>
internal sealed class ListAudit : IEndpoint
{
    /// <param name="Action">Begins so, for example <c>connections</c>.</param>
    internal sealed record Filter(string? Actor, string? Action, string? Subject, DateTimeOffset? From, DateTimeOffset? Until);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/audit", HandleAsync).Needs(Permission.AuditRead)
        .WithName("ListAudit").WithTags("Audit").WithSummary("Lists who did what, newest first, with what it was before and after, and from where.");

    private static async Task<Ok<Page<AuditLine>>> HandleAsync(
        Caller caller, AuditStore store, [AsParameters] PageQuery page, [AsParameters] Filter filter, CancellationToken ct)
    {
        var wanted = new AuditFilter(filter.Actor, filter.Action, filter.Subject, filter.From, filter.Until);
        var items = await store.ListAsync(new TenantId(caller.Tenant), wanted, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items.ConvertAll(AuditLine.Of), item => item.Seq));
    }
}

/// <summary>Checks the chain of the audit log.</summary>
internal sealed class CheckAudit : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/audit/check", HandleAsync).Needs(Permission.AuditRead)
        .WithName("CheckAudit").WithTags("Audit")
        .WithSummary("Follows the chain from the first entry to the end, and says where something was changed, taken out or reordered.");

    private static async Task<Ok<AuditCheck>> HandleAsync(Caller caller, AuditStore store, CancellationToken ct) =>
        TypedResults.Ok(await store.CheckAsync(new TenantId(caller.Tenant), ct).ConfigureAwait(false));
}

/// <summary>The whole audit log as lines of JSON, in the order of the chain.</summary>
internal sealed class ExportAudit : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/audit/export", HandleAsync).Needs(Permission.AuditRead)
        .WithName("ExportAudit").WithTags("Audit").WithSummary("The whole audit log, one JSON object a line, in the order of the chain.")
        .Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson");

    private static async Task HandleAsync(Caller caller, AuditStore store, HttpResponse response, CancellationToken ct)
    {
        response.ContentType = "application/x-ndjson";
        response.Headers.ContentDisposition = "attachment; filename=\"audit.ndjson\"";
        await foreach (var entry in store.AllAsync(new TenantId(caller.Tenant), ct).ConfigureAwait(false))
        {
            await JsonSerializer.SerializeAsync(response.Body, AuditLine.Of(entry), Json.Options, ct).ConfigureAwait(false);
            await response.Body.WriteAsync("\n"u8.ToArray(), ct).ConfigureAwait(false);
        }
    }
}
