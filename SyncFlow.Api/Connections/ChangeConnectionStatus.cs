using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core.Engine;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// What a person may do with a connection's status: pause publishing, resume it, attest that the shop is closed. A
/// paused channel still sells, so its share is kept for it; a closed one sells nothing, so its share is free.
/// </summary>
internal sealed class ChangeConnectionStatus : IEndpoint
{
    private static readonly ConnectionStatus[] Pausable = [ConnectionStatus.Live];

    // Before it publishes again the worker reads every level exactly.
    private static readonly ConnectionStatus[] Resumable = [ConnectionStatus.Paused, ConnectionStatus.Suspended];

    private static readonly ConnectionStatus[] Closable =
    [
        ConnectionStatus.Connected, ConnectionStatus.Baselined, ConnectionStatus.Paused, ConnectionStatus.Suspended,
        ConnectionStatus.Uninstalled,
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/connections/{id:long}/pause", (long id, Work work, CancellationToken ct) =>
                work.ChangeAsync(id, Pausable, ConnectionStatus.Paused, ct))
            .WithName("PauseConnection").WithTags("Connections").WithSummary("Stops publishing to a connection; it still sells.");
        routes.MapPost("/connections/{id:long}/resume", (long id, Work work, CancellationToken ct) =>
                work.ChangeAsync(id, Resumable, ConnectionStatus.Live, ct))
            .WithName("ResumeConnection").WithTags("Connections").WithSummary("Publishes to a paused or suspended connection again.");
        routes.MapPost("/connections/{id:long}/attest-closed", (long id, Work work, CancellationToken ct) =>
                work.ChangeAsync(id, Closable, ConnectionStatus.Closed, ct))
            .WithName("AttestClosed").WithTags("Connections")
            .WithSummary("Attests that the shop is closed and sells nothing any more. A live connection is paused first.");
    }

    internal sealed class Work(Caller caller, ConnectionDesk desk, ShopCache shops, WakeUps wakeUps)
    {
        public async Task<Results<Ok<ConnectionView>, Refused>> ChangeAsync(
            long id, IReadOnlyList<ConnectionStatus> from, ConnectionStatus to, CancellationToken ct)
        {
            var change = await desk.ChangeStatusAsync(caller.Tenant, id, from, to, ct).ConfigureAwait(false);
            var now = await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false);
            if (change == StatusChange.NoSuchConnection || now is null)
            {
                return (Refused)Problem.NotFound("connection", id);
            }

            if (change == StatusChange.WrongStatus && now.Status != to)
            {
                return (Refused)new Problem(ProblemKind.StateConflict, $"The connection is {Word(now.Status)}; it has to be {string.Join(" or ", from.Select(Word))}.");
            }

            shops.Forget(now.Shop ?? "");
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            return TypedResults.Ok(now);
        }

        private static string Word(ConnectionStatus status) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(status.ToString());
    }
}
