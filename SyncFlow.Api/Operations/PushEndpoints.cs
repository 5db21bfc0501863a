using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Operations;

/// <summary>Pushes, newest first.</summary>
internal sealed class ListPushes : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/pushes", HandleAsync)
        .WithName("ListPushes").WithTags("Operations").WithSummary("Lists pushes, optionally of one connection or state.");

    private static async Task<Ok<Page<PushView>>> HandleAsync(
        Caller caller, OperationsDesk desk, [AsParameters] PageQuery page, long? connectionId, PushState? state, CancellationToken ct)
    {
        var items = await desk.PushesAsync(
            caller.Tenant, connectionId, state, page.AfterGuid(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One push with its levels.</summary>
internal sealed class GetPush : IEndpoint
{
    internal sealed record Answer(PushView Push, IReadOnlyList<LevelPush> Levels);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/pushes/{id:guid}", HandleAsync)
        .WithName("GetPush").WithTags("Operations").WithSummary("Reads a push and what became of each of its levels.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(Guid id, Caller caller, OperationsDesk desk, CancellationToken ct)
    {
        return await desk.FindPushAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } push
            ? TypedResults.Ok(new Answer(push, await desk.PushLevelsAsync(caller.Tenant, id, ct).ConfigureAwait(false)))
            : (Refused)Problem.NotFound("push", id);
    }
}
