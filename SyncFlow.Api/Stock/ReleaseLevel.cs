using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Levels;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Api.Stock;

/// <summary>
/// A person says that a level whose writes were stopped may be written again (docs/protocol.md). It is read exactly first;
/// until then it counts with all that it may have sold, as before.
/// </summary>
internal sealed class ReleaseLevel : IEndpoint
{
    /// <summary>It stands in the level's history and in the audit log.</summary>
    public const int LongestReason = 500;

    /// <param name="Reason">Why it may be written again: what was wrong, and what was done about it.</param>
    internal sealed record Request(string? Reason);

    /// <param name="Status">Not live yet: an exact reading comes first.</param>
    /// <param name="MayStillSell">The most it may sell until that reading.</param>
    internal sealed record Answer(long LevelId, LevelStatus Status, int? Belief, int MayStillSell);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(Pattern, HandleAsync)
        .WithName("ReleaseLevel").WithTags("Stock").Needs(Permission.OperationsRun)
        .WithSummary("Releases a halted or blocked level: it is read exactly and published again, and its incident is closed.");

    private const string Pattern = "/levels/{id:long}/release";

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        long id, Request request, Caller caller, ReleaseDesk desk, WakeUps wakeUps, CancellationToken ct)
    {
        if (new Check().Text(request.Reason, "reason", LongestReason).Failed(out var refused))
        {
            return refused;
        }

        var release = await desk.ReleaseAsync(caller.Tenant, id, caller.Locations, caller.Name, request.Reason!.Trim(), ct).ConfigureAwait(false);
        switch (release.Result)
        {
            case ReleaseResult.NoSuchLevel:
                return (Refused)Problem.NotFound("level", id);
            case ReleaseResult.NotYourLocation:
                return (Refused)new Problem(ProblemKind.Forbidden, "You may not work at the level's location.");
            case ReleaseResult.NotStopped:
                return (Refused)new Problem(
                    ProblemKind.StateConflict, $"Writes to the level are not stopped: it is {Name(release.Level!.Status)}.");
            case ReleaseResult.ConnectionAway:
                return (Refused)new Problem(
                    ProblemKind.StateConflict,
                    $"Its connection is {(release.Connection is { } status ? Name(status) : "gone")}, so what the level shows cannot be read. Reconnect it first.");
            default:
                _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
                return TypedResults.Ok(new Answer(id, release.Level!.Status, release.Level.Belief, release.Level.UpperBound));
        }
    }

    private static string Name<T>(T status)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(status.ToString());

    /// <summary>Where a level is released, for answers that name it.</summary>
    public static string PathOf(long level) => $"/api/v1/levels/{level}/release";
}
