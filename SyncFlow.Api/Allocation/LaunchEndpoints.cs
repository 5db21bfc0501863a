using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Allocation;

namespace SyncFlow.Api.Allocation;

/// <summary>Times in which SKUs are kept in guard.</summary>
internal sealed class ReadLaunches : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/launches", async Task<Ok<Page<LaunchView>>> (
            Caller caller, LaunchDesk desk, [AsParameters] PageQuery page, bool? open, CancellationToken ct) =>
        {
            var launches = await desk.ListAsync(new TenantId(caller.Tenant), open, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
            return TypedResults.Ok(page.Of(launches, l => l.Id));
        })
        .WithName("ListLaunches").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists launches, newest first.");
}

/// <summary>Plans a launch of a SKU or a group: whatever their mode, they are guarded from its beginning to its end.</summary>
internal sealed class ChangeLaunch : IEndpoint
{
    private const int LongestName = 200;

    /// <param name="Sku">Code of the SKU; or a group is named.</param>
    /// <param name="Group">Code of the group; or a SKU is named.</param>
    /// <param name="From">Begins; now, when left out.</param>
    /// <param name="Until">Is over.</param>
    internal sealed record Request(string? Sku, string? Group, string? Name, DateTimeOffset? From, DateTimeOffset? Until);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/launches", AddAsync)
            .WithName("PlanLaunch").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Keeps a SKU or a group in guard for a time.");
        routes.MapDelete("/launches/{id:long}", async Task<Results<Ok<LaunchView>, Refused>> (
                long id, Caller caller, LaunchDesk desk, WakeUps wakeUps, CancellationToken ct) =>
            {
                if (await desk.CancelAsync(new TenantId(caller.Tenant), id, ct).ConfigureAwait(false) is not { } launch)
                {
                    return (Refused)Problem.NotFound("launch", id);
                }

                _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
                return TypedResults.Ok(launch);
            })
            .WithName("CancelLaunch").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Calls a launch off.");
    }

    private static async Task<Results<Created<LaunchView>, Refused>> AddAsync(
        Request request, Caller caller, ScopeNames names, LaunchDesk desk, TimeProvider time, WakeUps wakeUps, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var from = request.From ?? now;
        var check = new Check()
            .That(request.Sku is null != request.Group is null, "sku", "Either a SKU or a group.")
            .Optional(request.Name, "name", LongestName)
            .That(request.Until is not null, "until", "A moment is needed.")
            .That(request.Until is null || request.Until > now, "until", "A moment in the future.")
            .That(request.Until is null || request.Until > from, "until", "After its beginning.")
            .That(request.Until is null || request.Until - from <= LaunchDesk.Longest, "until", $"At most {LaunchDesk.Longest.TotalDays:0} days after its beginning.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var scope = request.Sku is null ? PolicyScope.Group : PolicyScope.Sku;
        (var of, refused) = await names.FindAsync(scope, request.Sku ?? request.Group, ct).ConfigureAwait(false);
        if (refused is not null)
        {
            return (Refused)Problem.Invalid(scope == PolicyScope.Sku ? "sku" : "group", "There is no such one.");
        }

        var launch = await desk.AddAsync(
            new TenantId(caller.Tenant), scope, of, request.Name?.Trim() ?? "", new Launch(from, request.Until!.Value), caller.Name, ct)
            .ConfigureAwait(false);
        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        return TypedResults.Created(string.Create(CultureInfo.InvariantCulture, $"/api/v1/launches/{launch.Id}"), launch);
    }
}
