using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// The ways back into service and out of it for good, each a run of the worker's. A connection that was away is read
/// exactly before the first push; one that is to leave is offered at zero, and closed once zero is proven.
/// </summary>
internal sealed class ResumeConnection : IEndpoint
{
    private static readonly ConnectionStatus[] Resumable =
    [
        ConnectionStatus.Paused, ConnectionStatus.Suspended, ConnectionStatus.Uninstalled, ConnectionStatus.Disconnecting,
    ];

    private static readonly ConnectionStatus[] Leaving = [ConnectionStatus.Live, ConnectionStatus.Disconnecting];

    /// <param name="AccessToken">The new Admin API access token.</param>
    internal sealed record ReconnectRequest(string? AccessToken);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/connections/{id:long}/resume", (long id, Work work, CancellationToken ct) =>
                work.BeginAsync(id, Resumable, "resume", ct))
            .WithName("ResumeConnection").WithTags("Connections").Needs(Permission.ConnectionsOperate)
            .WithSummary("Publishes again: orders that were missed and an exact reading of every level come first.");
        routes.MapPost("/connections/{id:long}/reconnect", ReconnectAsync)
            .WithName("ReconnectConnection").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Takes a new access token after a suspension or a reinstall, and resumes.");
        routes.MapPost("/connections/{id:long}/disconnect", (long id, Work work, CancellationToken ct) =>
                work.BeginAsync(id, Leaving, "disconnect", ct))
            .WithName("DisconnectConnection").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Offers zero on every level, waits until that is proven, then closes the connection. The run may be cancelled.");
    }

    private static async Task<Results<Accepted<RunAccepted>, Refused>> ReconnectAsync(
        long id, ReconnectRequest request, Work work, CancellationToken ct)
    {
        var check = new Check().Text(request.AccessToken, "accessToken", CreateConnection.LongestToken);
        return check.Failed(out var refused)
            ? refused
            : await work.ReconnectAsync(id, request.AccessToken!.Trim(), ct).ConfigureAwait(false);
    }

    internal sealed class Work(Caller caller, ConnectionDesk desk, CredentialVault vault, Runs runs)
    {
        public async Task<Results<Accepted<RunAccepted>, Refused>> BeginAsync(
            long id, IReadOnlyList<ConnectionStatus> from, string kind, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } now)
            {
                return (Refused)Problem.NotFound("connection", id);
            }

            return from.Contains(now.Status)
                ? await runs.QueueAsync(id, kind, new { }, ct).ConfigureAwait(false)
                : ChangeConnectionStatus.WrongStatus(now.Status, from);
        }

        public async Task<Results<Accepted<RunAccepted>, Refused>> ReconnectAsync(long id, string token, CancellationToken ct)
        {
            // Stored only where the run may follow; storing the same token twice changes nothing.
            var credential = vault.Seal(new TenantId(caller.Tenant), new ConnectionId(id), token);
            await desk.SetCredentialAsync(caller.Tenant, id, Resumable, credential, ct).ConfigureAwait(false);
            return await BeginAsync(id, Resumable, "resume", ct).ConfigureAwait(false);
        }
    }
}
