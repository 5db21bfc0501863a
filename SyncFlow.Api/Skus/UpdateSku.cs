using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Allocation;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Skus;

/// <summary>
/// Changes a SKU's settings; its targets are then planned again. With <c>If-Match</c> the change is refused where
/// somebody else changed the SKU since.
/// </summary>
internal sealed class UpdateSku : IEndpoint
{
    /// <summary>What is left out stays.</summary>
    internal sealed record Request(SharingMode? Mode, int? SafetyBuffer, int? RiskBudget, string? Title);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/skus/{sku}", HandleAsync)
        .WithName("UpdateSku").WithTags("SKUs").Needs(Permission.CatalogWrite)
        .WithSummary("Changes mode, safety buffer, risk budget or title of a SKU.");

    private static async Task<Results<Ok<SkuView>, Refused>> HandleAsync(
        string sku, Request request, Caller caller, SkuDesk desk, WakeUps wakeUps, HttpContext context, CancellationToken ct)
    {
        var check = new Check()
            .That(request != new Request(null, null, null, null), "mode", "Name at least one setting to change.")
            .That(request.SafetyBuffer is null or >= 0, "safetyBuffer", "0 or more.")
            .That(request.RiskBudget is null or >= 0, "riskBudget", "0 or more.")
            .That(request.Title is null || request.Title.Length <= 500, "title", "At most 500 characters.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await desk.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } before)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var wanted = context.Request.Headers.IfMatch.ToString();
        var change = new SkuChange(request.Mode, request.SafetyBuffer, request.RiskBudget, request.Title);
        var matches = wanted.Length == 0 || wanted == "*" || wanted == SkuCode.ETagOf(before);
        var after = matches ? await desk.UpdateAsync(caller.Tenant, before, change, ct).ConfigureAwait(false) : null;
        if (after is null)
        {
            return (Refused)new Problem(ProblemKind.PreconditionFailed, "Read the SKU again and decide anew.");
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        context.Response.Headers.ETag = SkuCode.ETagOf(after);
        return TypedResults.Ok(after);
    }
}
