using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Brakes;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Skus;

/// <summary>
/// Changes a SKU's settings; its targets are then planned again. With <c>If-Match</c> the change is refused where
/// somebody else changed the SKU since. Many such changes one after another are one, which the breaker may hold (202).
/// </summary>
internal sealed class UpdateSku : IEndpoint
{
    /// <summary>What is left out stays.</summary>
    internal sealed record Request(SharingMode? Mode, int? SafetyBuffer, int? RiskBudget, string? Title);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/skus/{sku}", HandleAsync)
        .WithName("UpdateSku").WithTags("SKUs").Needs(Permission.CatalogWrite).HeedsIfMatch()
        .WithSummary("Changes mode, safety buffer, risk budget or title of a SKU.");

    private static async Task<Results<Ok<SkuView>, Accepted<ChangeView>, Refused>> HandleAsync(
        string sku, Request request, Caller caller, SkuDesk desk, ChangeDesk changes, WakeUps wakeUps, HttpContext context, CancellationToken ct)
    {
        var check = new Check()
            .That(request != new Request(null, null, null, null), "mode", "Name at least one setting to change.")
            .That(request.SafetyBuffer is null or (>= 0 and <= Limits.Units), "safetyBuffer", $"0 to {Limits.Units}.")
            .That(request.RiskBudget is null or (>= 0 and <= Limits.Units), "riskBudget", $"0 to {Limits.Units}.")
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
        if (wanted.Length > 0 && wanted != "*" && wanted != SkuCode.ETagOf(before))
        {
            return Changed();
        }

        if (request with { Title = null } == new Request(null, null, null, null))
        {
            if (await desk.RenameAsync(caller.Tenant, before, request.Title!, ct).ConfigureAwait(false) is null)
            {
                return Changed();
            }
        }
        else
        {
            var id = new SkuId(before.Id);
            var change = await changes.ProposeAsync(
                caller.Tenant, new SkuPolicyItem(id, request.Mode, request.SafetyBuffer, request.RiskBudget),
                new SkuPolicyItem(id, before.Mode, before.SafetyBuffer, before.RiskBudget),
                request.Title is { } title ? new NewTitle(before.Title, title) : null, $"settings of SKU {before.Code}", caller.Name, ct).ConfigureAwait(false);
            if (change is null)
            {
                return Changed();
            }

            if (change.State == ChangeState.Waiting)
            {
                context.Response.Headers.ETag = ChangeTag.Of(change);
                return TypedResults.Accepted($"/api/v1/changes/{change.Id}", change);
            }

            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        }

        var after = (await desk.FindAsync(caller.Tenant, before.Code, ct).ConfigureAwait(false))!;
        context.Response.Headers.ETag = SkuCode.ETagOf(after);
        return TypedResults.Ok(after);
    }

    private static Refused Changed() => new Problem(ProblemKind.PreconditionFailed, "Read the SKU again and decide anew.");
}
