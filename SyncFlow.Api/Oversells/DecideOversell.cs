using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Api.Oversells;

/// <summary>A person takes the proposed settlement, or lets the shortage stand.</summary>
internal sealed class DecideOversell : IEndpoint
{
    private const int LongestNote = 500;

    /// <param name="Note">Why; for people.</param>
    /// <param name="Cost">With a confirmation: what it costs all in all, instead of what is known of its lines.</param>
    internal sealed record Request(string? Note, MoneyInput? Cost);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/oversells/{id:long}/confirm", ConfirmAsync)
            .WithName("ConfirmOversell").WithTags("Oversells").Needs(Permission.OversellsDecide)
            .WithSummary("Takes the proposed settlement: its actions are to be done.");
        routes.MapPost("/oversells/{id:long}/dismiss", DismissAsync)
            .WithName("DismissOversell").WithTags("Oversells").Needs(Permission.OversellsDecide)
            .WithSummary("Lets an oversell stand until it grows.");
    }

    private static Task<Results<Ok<OversellView>, Refused>> ConfirmAsync(
        long id, Request? request, Caller caller, OversellStore store, OversellDesk desk, WakeUps wakeUps, CancellationToken ct) =>
        HandleAsync(
            id, request, caller, desk, wakeUps,
            (tenant, oversell, by, note, end) => store.ConfirmAsync(tenant, oversell, by, note, request?.Cost?.Money, end), ct);

    private static Task<Results<Ok<OversellView>, Refused>> DismissAsync(
        long id, Request? request, Caller caller, OversellStore store, OversellDesk desk, WakeUps wakeUps, CancellationToken ct) =>
        HandleAsync(id, request, caller, desk, wakeUps, store.DismissAsync, ct);

    private static async Task<Results<Ok<OversellView>, Refused>> HandleAsync(
        long id, Request? request, Caller caller, OversellDesk desk, WakeUps wakeUps,
        Func<TenantId, long, string, string?, CancellationToken, Task<OversellDecision>> decide, CancellationToken ct)
    {
        var check = new Check().That(request?.Note is null || request.Note.Length <= LongestNote, "note", $"At most {LongestNote} characters.");
        MoneyInput.Check(request?.Cost, "cost", check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var decision = await decide(new TenantId(caller.Tenant), id, caller.Name, request?.Note, ct).ConfigureAwait(false);
        switch (decision)
        {
            case OversellDecision.Done:
                _ = wakeUps.PublishAsync(WakeUpKind.Changes, caller.Tenant);
                return TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!);
            case OversellDecision.NotFound:
                return (Refused)Problem.NotFound("oversell", id);
            case OversellDecision.NotProposed:
                return (Refused)new Problem(ProblemKind.StateConflict, "A settlement is still being worked out.");
            default:
                return (Refused)new Problem(ProblemKind.StateConflict, "It was decided before, or nothing is short any more.");
        }
    }
}
