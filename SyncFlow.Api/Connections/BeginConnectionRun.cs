using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Connections;

/// <summary>The steps that bring a connection into service; each is a run of the worker's.</summary>
internal sealed class BeginConnectionRun : IEndpoint
{
    /// <param name="OpeningStock">Whether the channel's on-hand opens the ledger where it has no opening yet.</param>
    internal sealed record BaselineRequest(bool OpeningStock = false);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/connections/{id:long}/test", (long id, Runs runs, CancellationToken ct) =>
                runs.BeginAsync(id, "test", new { }, ct))
            .WithName("TestConnection").WithTags("Connections").Needs(Permission.ConnectionsOperate)
            .WithSummary("Checks credential and scopes against the channel.");
        routes.MapPost("/connections/{id:long}/import", (long id, Runs runs, CancellationToken ct) =>
                runs.BeginAsync(id, "import", new { }, ct))
            .WithName("ImportCatalog").WithTags("Connections").Needs(Permission.ConnectionsOperate)
            .WithSummary("Imports catalog and locations.");
        routes.MapPost("/connections/{id:long}/baseline", (long id, BaselineRequest? request, Runs runs, CancellationToken ct) =>
                runs.BeginAsync(id, "baseline", request ?? new BaselineRequest(), ct))
            .WithName("TakeBaseline").WithTags("Connections").Needs(Permission.ConnectionsOperate)
            .WithSummary("Imports open orders and reads every level exactly.");
    }
}
