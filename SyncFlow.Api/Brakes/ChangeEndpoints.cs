using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Brakes;

/// <summary>
/// Tells many corrections, or new settings of many SKUs, as one change. Small ones are done at once (200); one that the
/// breaker holds waits (202), with nothing of it done.
/// </summary>
internal sealed class ProposeChange : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/changes/adjustments", AdjustAsync)
            .WithName("ChangeStock").WithTags("Brakes").Needs(Permission.ChangesMake)
            .WithSummary("Corrects on-hand of many SKUs as one change that can be taken back.");
        routes.MapPost("/changes/sku-policies", SetPoliciesAsync)
            .WithName("ChangePolicies").WithTags("Brakes").Needs(Permission.ChangesMake)
            .WithSummary("Changes mode, safety buffer or risk budget of many SKUs as one change that can be taken back.");
    }

    private static async Task<Results<Ok<ChangeView>, Accepted<ChangeView>, Refused>> AdjustAsync(
        ChangeRequest<AdjustmentInput> request, OperationDesk operations, Caller caller, Work work, CancellationToken ct)
    {
        var check = ChangeInput.Check(request);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var items = request.Items!;
        var codes = await operations.CodesAsync(
            caller.Tenant, items.Select(i => i!.Sku).OfType<string>(), items.Select(i => i!.Location).OfType<string>(), ct).ConfigureAwait(false);
        var change = ChangeInput.Adjustments(items, codes, check);
        return check.Failed(out refused) ? refused : await work.ProposeAsync(change, request.Why!, ct).ConfigureAwait(false);
    }

    private static async Task<Results<Ok<ChangeView>, Accepted<ChangeView>, Refused>> SetPoliciesAsync(
        ChangeRequest<SkuPolicyInput> request, OperationDesk operations, Caller caller, Work work, CancellationToken ct)
    {
        var check = ChangeInput.Check(request);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var items = request.Items!;
        var codes = await operations.CodesAsync(caller.Tenant, items.Select(i => i!.Sku).OfType<string>(), [], ct).ConfigureAwait(false);
        var change = ChangeInput.Policies(items, codes, check);
        return check.Failed(out refused) ? refused : await work.ProposeAsync(change, request.Why!, ct).ConfigureAwait(false);
    }

    internal sealed class Work(Caller caller, ChangeDesk desk, WakeUps wakeUps, IHttpContextAccessor http)
    {
        public async Task<Results<Ok<ChangeView>, Accepted<ChangeView>, Refused>> ProposeAsync(
            Core.Brakes.SkuChange change, string why, CancellationToken ct)
        {
            var view = await desk.ProposeAsync(caller.Tenant, change, why.Trim(), caller.Name, ct).ConfigureAwait(false);
            http.HttpContext!.Response.Headers.ETag = ChangeTag.Of(view);
            if (view.State == ChangeState.Waiting)
            {
                return TypedResults.Accepted($"/api/v1/changes/{view.Id}", view);
            }

            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            return TypedResults.Ok(view);
        }
    }
}

/// <summary>Bulk changes, newest first; and one, with the tag that a decision must name.</summary>
internal sealed class ReadChanges : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/changes", ListAsync).WithName("ListChanges").WithTags("Brakes").Needs(Permission.ChangesRead)
            .WithSummary("Lists bulk changes, newest first, optionally of one state: waiting, applied, rejected or undone.");
        routes.MapGet("/changes/{id:long}", GetAsync).WithName("GetChange").WithTags("Brakes").Needs(Permission.ChangesRead)
            .WithSummary("Reads a bulk change: what it does or did, per connection and for the first levels.");
        routes.MapGet("/changes/{id:long}/levels", LevelsAsync).WithName("ListChangeLevels").WithTags("Brakes").Needs(Permission.ChangesRead)
            .WithSummary("Lists every level that a bulk change changes, with its target without the change and with it, as last shown.");
    }

    private static async Task<Ok<Page<ChangeView>>> ListAsync(
        Caller caller, ChangeDesk desk, [AsParameters] PageQuery page, Word<ChangeState>? state, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, state?.Value, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }

    private static async Task<Results<Ok<ChangeView>, Refused>> GetAsync(
        long id, Caller caller, ChangeDesk desk, HttpResponse response, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("change", id);
        }

        response.Headers.ETag = ChangeTag.Of(found);
        return TypedResults.Ok(found);
    }

    private static async Task<Results<Ok<Page<ShownLevel>>, Refused>> LevelsAsync(
        long id, Caller caller, ChangeDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        await desk.LevelsAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false) is { } levels
            ? TypedResults.Ok(page.Of(levels, level => level.LevelId))
            : (Refused)Problem.NotFound("change", id);
}
