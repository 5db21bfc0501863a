using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Operations;

/// <summary>Where the time goes between an order on one channel and the acknowledged change on another.</summary>
internal sealed class GetLatency : IEndpoint
{
    /// <summary>How far back it looks when nobody says.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(15);

    /// <summary>How far back it looks at most: it reads the ledger from there on.</summary>
    private static readonly TimeSpan Farthest = TimeSpan.FromHours(24);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stats/latency", HandleAsync)
        .WithName("GetLatency").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Stages of latency, of all changes and of the slowest twentieth, caused since a moment (15 minutes ago when left out).");

    private static async Task<Results<Ok<LatencyBreakdown>, Refused>> HandleAsync(
        DateTimeOffset? since, Caller caller, NpgsqlDataSource source, TimeProvider time, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var check = new Check().That(since is null || (since <= now && since >= now - Farthest), "since", "A moment of the last 24 hours.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        return TypedResults.Ok(await LatencyReader.ReadAsync(session, since?.ToUniversalTime() ?? now - Usual, ct).ConfigureAwait(false));
    }
}
