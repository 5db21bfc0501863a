using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Operations;

/// <summary>Figures of the tenant's pipeline: what waits, what was pushed and verified, how long it took.</summary>
internal sealed class GetPipelineStats : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stats/pipeline", HandleAsync)
        .WithName("GetPipelineStats").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Figures of the pipeline since a moment (the last 24 hours when left out), and latencies of the last seconds; all orders are counted with orders=true.");

    private static async Task<Ok<PipelineStats>> HandleAsync(
        DateTimeOffset? since, bool? orders, Caller caller, NpgsqlDataSource source, TimeProvider time, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        return TypedResults.Ok(await StatsReader.ReadAsync(session, since?.ToUniversalTime(), time.GetUtcNow(), orders ?? false, ct).ConfigureAwait(false));
    }
}
