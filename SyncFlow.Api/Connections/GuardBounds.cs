using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// Whether guard on a channel that takes absolute values is proven, level by level through zero, or bounded by a lag reserve
/// (docs/protocol.md, rule 15).
/// </summary>
internal sealed class GuardBounds : IEndpoint
{
    /// <param name="Enabled">Whether it is bounded.</param>
    /// <param name="LagSeconds">Seconds until a sale there is known and a write of ours has arrived; left out: as measured.</param>
    /// <param name="Factor">How many times what is sold in that time is kept; left out: 3.</param>
    internal sealed record Request(bool? Enabled, double? LagSeconds, double? Factor);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/connections/{id:long}/bounded-guard", async Task<Results<Ok<BoundedGuardStanding>, Refused>> (
                long id, Caller caller, BoundedGuardDesk desk, CancellationToken ct) =>
                await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
                    ? TypedResults.Ok(found)
                    : (Refused)Problem.NotFound("connection", id))
            .WithName("GetBoundedGuard").WithTags("Connections").Needs(Permission.ConnectionsRead)
            .WithSummary("Tells whether guard is bounded on a channel, and what is kept off its levels for that.");
        routes.MapPut("/connections/{id:long}/bounded-guard", SetAsync)
            .WithName("SetBoundedGuard").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Guards a channel without compare-and-set by a lag reserve instead of through zero, or no longer.");
    }

    private static async Task<Results<Ok<BoundedGuardStanding>, Refused>> SetAsync(
        long id, Request request, Caller caller, BoundedGuardDesk desk, WakeUps wakeUps, CancellationToken ct)
    {
        if (request.Enabled is not { } enabled)
        {
            return (Refused)Problem.Invalid("enabled", "true or false.");
        }

        if (!enabled && (request.LagSeconds ?? request.Factor) is not null)
        {
            return (Refused)Problem.Invalid(request.LagSeconds is null ? "factor" : "lagSeconds", "Only where bounded guard is enabled.");
        }

        var wish = enabled ? new BoundedGuardSettings(request.LagSeconds, request.Factor) : null;
        var change = await desk.SetAsync(caller.Tenant, id, wish, ct).ConfigureAwait(false);
        if (change.Fault is { } fault)
        {
            return (Refused)Problem.Invalid(fault.Field, fault.Reason);
        }

        if (!change.Found || await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } now)
        {
            return (Refused)Problem.NotFound("connection", id);
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        return TypedResults.Ok(now);
    }
}
