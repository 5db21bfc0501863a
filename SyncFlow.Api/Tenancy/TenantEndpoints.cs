using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>The tenant, what it has and may have, and its end.</summary>
internal sealed class TenantEndpoints : IEndpoint
{
    /// <param name="Confirm">The tenant's name, letter for letter.</param>
    internal sealed record DeletionRequest(string? Confirm);

    internal sealed record Answer(TenantView Tenant, IReadOnlyList<QuotaUse> Quotas);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/tenant", GetAsync).Needs(Permission.TenantRead)
            .WithName("GetTenant").WithTags("Tenant").WithSummary("Reads the tenant, its quotas, and when it is to be deleted.");
        routes.MapGet("/tenant/export", ExportAsync).Needs(Permission.TenantExport)
            .WithName("ExportTenant").WithTags("Tenant").WithSummary("Everything of the tenant as of one moment, one JSON object a line; secrets are left out.")
            .Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson");
        routes.MapPost("/tenant/deletion", AskAsync).Needs(Permission.TenantDelete)
            .WithName("AskTenantDeletion").WithTags("Tenant").WithSummary("Asks for the deletion of everything, after a time of grace; needs the tenant's name.");
        routes.MapDelete("/tenant/deletion", CancelAsync).Needs(Permission.TenantDelete)
            .WithName("CancelTenantDeletion").WithTags("Tenant").WithSummary("Takes the wish for deletion back.");
    }

    private static async Task<Ok<Answer>> GetAsync(Caller caller, TenantDesk desk, CancellationToken ct) => TypedResults.Ok(new Answer(
        await desk.FindAsync(caller.Tenant, ct).ConfigureAwait(false), await desk.UseAsync(caller.Tenant, ct).ConfigureAwait(false)));

    private static async Task ExportAsync(Caller caller, TenantExport export, HttpResponse response, CancellationToken ct)
    {
        response.ContentType = "application/x-ndjson";
        response.Headers.ContentDisposition = "attachment; filename=\"tenant.ndjson\"";
        await export.WriteAsync(new TenantId(caller.Tenant), response.Body, ct).ConfigureAwait(false);
    }

    private static async Task<Results<Accepted<TenantView>, Refused>> AskAsync(
        DeletionRequest request, Caller caller, TenantDesk desk, TenantErasure erasure, CancellationToken ct)
    {
        var tenant = await desk.FindAsync(caller.Tenant, ct).ConfigureAwait(false);
        return request.Confirm != tenant.Name
            ? (Refused)Problem.Invalid("confirm", $"The tenant's name, letter for letter: {tenant.Name}")
            : TypedResults.Accepted((string?)null, await desk.AskDeletionAsync(caller.Tenant, caller.Name, erasure.Grace, ct).ConfigureAwait(false));
    }

    private static async Task<Results<NoContent, Refused>> CancelAsync(Caller caller, TenantDesk desk, CancellationToken ct) =>
        await desk.CancelDeletionAsync(caller.Tenant, ct).ConfigureAwait(false)
            ? TypedResults.NoContent()
            : (Refused)new Problem(ProblemKind.StateConflict, "Nobody has asked for the deletion.");
}

/// <summary>What super admins set for a tenant.</summary>
internal sealed class SetQuota : IEndpoint
{
    private const long MostOfAnything = 1_000_000;

    internal sealed record Request(long? Most);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/platform/tenants/{id:long}/quotas/{quota}", HandleAsync)
        .Needs(Permission.PlatformManage)
        .WithName("SetTenantQuota").WithTags("Platform").WithSummary("Sets how much of something a tenant may have.");

    private static async Task<Results<NoContent, Refused>> HandleAsync(
        long id, string quota, Request request, TenantStore tenants, TenantDesk desk, CancellationToken ct)
    {
        var check = new Check()
            .That(Words.TryParse<Quota>(quota, out var named), "quota", $"One of: {string.Join(", ", Enum.GetNames<Quota>())}.")
            .That(request.Most is >= 0 and <= MostOfAnything, "most", $"0 to {MostOfAnything}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if ((await tenants.AllAsync(ct).ConfigureAwait(false)).All(t => t.Tenant != new TenantId(id)))
        {
            return (Refused)Problem.NotFound("tenant", id);
        }

        await desk.SetQuotaAsync(id, named, request.Most!.Value, ct).ConfigureAwait(false);
        return TypedResults.NoContent();
    }
}
