using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// Begins to publish to a connection. A dry run publishes nothing and tells which levels would be written, from what
/// to what; those are then exactly the writes of the real one.
/// </summary>
internal sealed class GoLive : IEndpoint
{
    /// <summary>How long a dry run is waited for; after that the caller asks for the run himself.</summary>
    private static readonly TimeSpan PreviewLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <param name="DryRun">Whether to tell the writes instead of doing them.</param>
    internal sealed record Request(bool DryRun = false);

    /// <param name="RunId">The run that made it.</param>
    /// <param name="Preview">The run's result: the writes, each with level, from and to.</param>
    internal sealed record PreviewAnswer(long RunId, string Status, string? Message, JsonElement? Preview);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/connections/{id:long}/go-live", HandleAsync)
        .WithName("GoLive").WithTags("Connections").Needs(Permission.ConnectionsOperate)
        .WithSummary("Publishes to a connection, or previews what that would write.");

    private static async Task<Results<Accepted<RunAccepted>, Ok<PreviewAnswer>, Refused>> HandleAsync(
        long id, Request? request, Runs runs, RunDesk desk, Caller caller, TimeProvider time, CancellationToken ct)
    {
        var wish = request ?? new Request();
        var begun = await runs.BeginAsync(id, "go-live", wish, ct).ConfigureAwait(false);
        if (begun.Result is Refused refused)
        {
            return refused;
        }

        var accepted = (Accepted<RunAccepted>)begun.Result;
        var run = wish.DryRun
            ? await WaitAsync(desk, caller.Tenant, accepted.Value!.RunId, time, ct).ConfigureAwait(false)
            : null;
        return run is null ? accepted : TypedResults.Ok(new PreviewAnswer(run.Id, run.Status, run.Message, run.Result));
    }

    private static async Task<RunView?> WaitAsync(RunDesk desk, long tenant, long run, TimeProvider time, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        do
        {
            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
            if (await desk.FindAsync(tenant, run, ct).ConfigureAwait(false) is { IsOver: true } over)
            {
                return over;
            }
        }
        while (time.GetElapsedTime(start) < PreviewLimit);

        return null;
    }
}
