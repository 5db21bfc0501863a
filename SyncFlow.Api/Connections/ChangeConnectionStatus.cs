using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Brakes;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;
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
        routes.MapPost("/connections/{id:long}/attest-closed", (long id, Attestation? request, bool? preview, Work work, CancellationToken ct) =>
                work.AttestAsync(id, request, preview == true, ct))
            .WithName("AttestClosed").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Attests that the shop is closed and sells nothing any more, for good; preview=true only tells what that frees. A live connection is paused first.");
    }

    /// <param name="Confirm">The shop's domain, letter for letter: what it may still sell is offered elsewhere at once, and it is not opened again.</param>
    internal sealed record Attestation(string? Confirm);

    /// <param name="Confirm">What is to be said to close it.</param>
    /// <param name="Skus">SKUs of which it may still sell units.</param>
    /// <param name="Levels">Levels that may still sell units.</param>
    /// <param name="Units">The most units that it may still sell; they are free for the others then.</param>
    /// <param name="Writes">What is written on the others at once.</param>
    internal sealed record Preview(string Confirm, int Skus, int Levels, long Units, WriteSummary Writes);

    internal sealed class Work(Caller caller, ConnectionDesk desk, ClosingPreview closing, ShopCache shops, WakeUps wakeUps)
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

        public async Task<Results<Ok<ConnectionView>, Ok<Preview>, Refused>> AttestAsync(
            long id, Attestation? request, bool previewOnly, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } connection)
            {
                return (Refused)Problem.NotFound("connection", id);
            }

            if (connection.Status != ConnectionStatus.Closed && !Closable.Contains(connection.Status))
            {
                return WrongStatus(connection.Status, Closable);
            }

            var name = connection.Shop ?? connection.Name;
            if (previewOnly)
            {
                var freed = await closing.OfAsync(new TenantId(caller.Tenant), new ConnectionId(id), ct).ConfigureAwait(false);
                return TypedResults.Ok(new Preview(name, freed.Skus, freed.Levels, freed.Units, WriteSummary.Of(freed.Writes)));
            }

            if (request?.Confirm != name)
            {
                return (Refused)Problem.Invalid("confirm", $"What is closed, letter for letter: {name}. This cannot be undone; preview=true tells what it frees.");
            }

            var done = await ChangeAsync(id, Closable, ConnectionStatus.Closed, ct).ConfigureAwait(false);
            return done.Result is Ok<ConnectionView> closed ? closed : (Refused)done.Result;
        }
    }

    /// <summary>The refusal of a step that a connection's status does not allow.</summary>
    internal static Refused WrongStatus(ConnectionStatus now, IEnumerable<ConnectionStatus> needed) => (Refused)new Problem(
        ProblemKind.StateConflict, $"The connection is {Word(now)}; it has to be {string.Join(" or ", needed.Select(Word))}.");

    private static string Word(ConnectionStatus status) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(status.ToString());
}
