using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Operations;

/// <summary>The answer of an endpoint whose work takes long: <c>GET /api/v1/sync-runs/{runId}</c> tells how it goes.</summary>
internal sealed record RunAccepted(long RunId);

/// <summary>Asks for runs and wakes the worker.</summary>
internal sealed class Runs(Caller caller, RunDesk runs, ConnectionDesk connections, WakeUps wakeUps)
{
    /// <summary>Asks for a run with a connection of the caller's.</summary>
    public async Task<Results<Accepted<RunAccepted>, Refused>> BeginAsync(
        long connection, string kind, object parameters, CancellationToken ct)
    {
        if (await connections.FindAsync(caller.Tenant, connection, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("connection", connection);
        }

        return await QueueAsync(connection, kind, parameters, ct).ConfigureAwait(false);
    }

    /// <summary>Asks for a run; the caller has made sure that the connection is the tenant's.</summary>
    public async Task<Results<Accepted<RunAccepted>, Refused>> QueueAsync(long? connection, string kind, object parameters, CancellationToken ct)
    {
        var text = JsonSerializer.Serialize(parameters, Json.Options);
        return Told(await runs.QueueAsync(caller.Tenant, kind, connection, text, caller.IdempotencyKey, ct).ConfigureAwait(false));
    }

    /// <summary>Asks for a run together with what else a session does, and commits it; where the run is refused, nothing is done.</summary>
    public async Task<Results<Accepted<RunAccepted>, Refused>> QueueWithAsync(StorageSession session, string kind, object parameters, CancellationToken ct)
    {
        var text = JsonSerializer.Serialize(parameters, Json.Options);
        var run = await runs.QueueAsync(session, kind, null, text, caller.IdempotencyKey, ct).ConfigureAwait(false);
        if (run is not null)
        {
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        return Told(run);
    }

    private Results<Accepted<RunAccepted>, Refused> Told(long? id)
    {
        if (id is not { } run)
        {
            // That run is not what was asked for now: its number would say that this is being done.
            return (Refused)new Problem(ProblemKind.IdempotencyKeyReused, "Another run was begun with this key. Take a new key for a new request.");
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        return TypedResults.Accepted($"/api/v1/sync-runs/{run}", new RunAccepted(run));
    }
}
