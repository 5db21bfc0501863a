using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core.Engine;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// What a person may do with a connection's status at once: pause publishing, attest that the shop is closed. A paused
/// channel still sells, so its share is kept for it; a closed one sells nothing, so its share is free.
/// </summary>
internal sealed class ChangeConnectionStatus : IEndpoint
{
    private static readonly ConnectionStatus[] Pausable = [ConnectionStatus.Live];

    private static readonly ConnectionStatus[] Closable =
    [
        ConnectionStatus.Connected, ConnectionStatus.Baselined, ConnectionStatus.Paused, ConnectionStatus.Suspended,
        ConnectionStatus.Uninstalled, ConnectionStatus.Disconnecting,
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/connections/{id:long}/pause", (long id, Work work, CancellationToken ct) =>
                work.ChangeAsync(id, Pausable, ConnectionStatus.Paused, ct))
            .WithName("PauseConnection").WithTags("Connections").Needs(Permission.ConnectionsOperate)
            .WithSummary("Stops publishing to a connection; it still sells.");
        routes.MapPost("/connections/{id:long}/attest-closed", (long id, Work work, CancellationToken ct) =>
                work.ChangeAsync(id, Closable, ConnectionStatus.Closed, ct))
            .WithName("AttestClosed").WithTags("Connections").Needs(Permission.ConnectionsManage)
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
                return WrongStatus(now.Status, from);
            }

            shops.Forget(now.Shop ?? "");
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            return TypedResults.Ok(now);
        }

    }

    /// <summary>The refusal of a step that a connection's status does not allow.</summary>
    internal static Refused WrongStatus(ConnectionStatus now, IEnumerable<ConnectionStatus> needed) => (Refused)new Problem(
        ProblemKind.StateConflict, $"The connection is {Word(now)}; it has to be {string.Join(" or ", needed.Select(Word))}.");

    private static string Word(ConnectionStatus status) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(status.ToString());
}
