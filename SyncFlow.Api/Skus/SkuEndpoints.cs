using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Skus;

/// <summary>The tenant's SKUs.</summary>
internal sealed class ListSkus : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/skus", HandleAsync)
        .WithName("ListSkus").WithTags("SKUs").Needs(Permission.CatalogRead)
        .WithSummary("Lists SKUs; search looks at code and title.");

    private static async Task<Ok<Page<SkuView>>> HandleAsync(
        Caller caller, SkuDesk desk, [AsParameters] PageQuery page, string? search, SharingMode? mode, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, search, mode, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One SKU, with the ETag that a change may be made conditional on.</summary>
internal sealed class GetSku : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/skus/{sku}", HandleAsync)
        .WithName("GetSku").WithTags("SKUs").Needs(Permission.CatalogRead)
        .WithSummary("Reads a SKU by its code.");

    private static async Task<Results<Ok<SkuView>, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk desk, HttpResponse response, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        response.Headers.ETag = SkuCode.ETagOf(found);
        return TypedResults.Ok(found);
    }
}

/// <summary>A new SKU.</summary>
internal sealed class CreateSku : IEndpoint
{
    private const int LongestTitle = 500;

    /// <param name="Code">The merchant's own; two that differ only in case or outer spaces are the same.</param>
    /// <param name="Mode">How it is shared; adaptive when left out.</param>
    /// <param name="SafetyBuffer">Units per location that are never shown.</param>
    /// <param name="RiskBudget">Most units of exposure that shared mode may run while adaptive.</param>
    internal sealed record Request(string? Code, string? Title, SharingMode? Mode, int? SafetyBuffer, int? RiskBudget);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/skus", HandleAsync)
        .WithName("CreateSku").WithTags("SKUs").Needs(Permission.CatalogWrite).WithSummary("Creates a SKU.");

    private static async Task<Results<Created<SkuView>, Refused>> HandleAsync(
        Request request, Caller caller, QuotaCheck quotas, SkuDesk desk, HttpResponse response, CancellationToken ct)
    {
        var check = new Check()
            .Text(request.Code, "code", SkuCode.Longest)
            .That(request.Title is null || request.Title.Length <= LongestTitle, "title", $"At most {LongestTitle} characters.")
            .That(request.SafetyBuffer is null or (>= 0 and <= Limits.Units), "safetyBuffer", $"0 to {Limits.Units}.")
            .That(request.RiskBudget is null or (>= 0 and <= Limits.Units), "riskBudget", $"0 to {Limits.Units}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await quotas.FullAsync(Quota.Skus, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var settings = new SkuSettings(request.Mode, request.SafetyBuffer, request.RiskBudget);
        var made = await desk.CreateAsync(caller.Tenant, request.Code!, request.Title ?? "", settings, ct).ConfigureAwait(false);
        if (made is null)
        {
            return (Refused)new Problem(ProblemKind.AlreadyExists, $"There is a SKU {request.Code}.");
        }

        response.Headers.ETag = SkuCode.ETagOf(made);
        return TypedResults.Created($"/api/v1/skus/{Uri.EscapeDataString(made.Code)}", made);
    }
}
