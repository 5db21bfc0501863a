using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Listings;

/// <summary>New variants that may be SKUs we know: kept apart until a person decides.</summary>
internal sealed class ListSuggestions : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/listings/suggestions", HandleAsync)
        .WithName("ListMappingSuggestions").WithTags("Listings").Needs(Permission.CatalogRead)
        .WithSummary("Lists mapping suggestions, optionally of one connection or state.");

    private static async Task<Ok<Page<SuggestionView>>> HandleAsync(
        Caller caller, SuggestionDesk desk, [AsParameters] PageQuery page, long? connectionId, Word<SuggestionState>? state, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, connectionId, state?.Value, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>
/// Accepts or rejects a mapping suggestion. What is accepted is mapped at once; its levels are a new generation and are
/// published after their baseline. What is rejected is not suggested again.
/// </summary>
internal sealed class DecideSuggestion : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/listings/suggestions/{id:long}/accept", (long id, Work work, CancellationToken ct) => work.DecideAsync(id, accept: true, ct))
            .WithName("AcceptMappingSuggestion").WithTags("Listings").Needs(Permission.CatalogWrite)
            .WithSummary("Maps the variant as suggested.");
        routes.MapPost("/listings/suggestions/{id:long}/reject", (long id, Work work, CancellationToken ct) => work.DecideAsync(id, accept: false, ct))
            .WithName("RejectMappingSuggestion").WithTags("Listings").Needs(Permission.CatalogWrite)
            .WithSummary("Leaves the variant alone for good.");
    }

    internal sealed class Work(Caller caller, SuggestionDesk desk, WakeUps wakeUps)
    {
        public async Task<Results<Ok<SuggestionView>, Refused>> DecideAsync(long id, bool accept, CancellationToken ct)
        {
            var decided = await desk.DecideAsync(caller.Tenant, id, accept, ct).ConfigureAwait(false);
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } now)
            {
                return (Refused)Problem.NotFound("mapping suggestion", id);
            }

            var wanted = accept ? SuggestionState.Accepted : SuggestionState.Rejected;
            if (!decided && now.State != wanted)
            {
                return (Refused)new Problem(ProblemKind.StateConflict, $"The suggestion is {now.State.ToString().ToLowerInvariant()} already.");
            }

            _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
            return TypedResults.Ok(now);
        }
    }
}
