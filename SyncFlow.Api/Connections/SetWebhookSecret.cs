using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Secrets;

namespace SyncFlow.Api.Connections;

/// <summary>
/// A connection by a custom app has a client secret of its own, which signs its webhooks. A new one is taken with an
/// overlap: webhooks signed by the one before are on their way still.
/// </summary>
internal sealed class SetWebhookSecret : IEndpoint
{
    internal const int LongestSecret = 500;

    private const int MostOverlapMinutes = 24 * 60;

    /// <param name="Secret">The app's client secret.</param>
    /// <param name="OverlapMinutes">How long the one before still counts; 60 when left out, 0 for not at all.</param>
    internal sealed record Request(string? Secret, int OverlapMinutes = 60);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/connections/{id:long}/webhook-secret", SetAsync)
            .WithName("SetWebhookSecret").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Takes the client secret of a custom app; the one before counts for a while.");
        routes.MapDelete("/connections/{id:long}/webhook-secret", RemoveAsync)
            .WithName("RemoveWebhookSecret").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Forgets it: the installed app's secret signs again.");
    }

    private static async Task<Results<NoContent, Refused>> SetAsync(
        long id, Request request, Caller caller, CredentialVault vault, WebhookSecretStore store, ConnectionDesk desk, ShopCache shops,
        CancellationToken ct)
    {
        var check = new Check().Text(request.Secret, "secret", LongestSecret)
            .That(request.OverlapMinutes is >= 0 and <= MostOverlapMinutes, "overlapMinutes", $"0 to {MostOverlapMinutes}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var owner = SecretOwner.Webhook(new TenantId(caller.Tenant), new ConnectionId(id));
        return await ReplaceAsync(
            id, vault.Seal(owner, request.Secret!.Trim()), TimeSpan.FromMinutes(request.OverlapMinutes), caller, store, desk, shops, ct).ConfigureAwait(false);
    }

    private static Task<Results<NoContent, Refused>> RemoveAsync(
        long id, Caller caller, WebhookSecretStore store, ConnectionDesk desk, ShopCache shops, CancellationToken ct) =>
        ReplaceAsync(id, null, TimeSpan.Zero, caller, store, desk, shops, ct);

    private static async Task<Results<NoContent, Refused>> ReplaceAsync(
        long id, byte[]? secret, TimeSpan overlap, Caller caller, WebhookSecretStore store, ConnectionDesk desk, ShopCache shops, CancellationToken ct)
    {
        var tenant = new TenantId(caller.Tenant);
        if (!await store.ReplaceAsync(tenant, new ConnectionId(id), secret, overlap, caller.Name, ct).ConfigureAwait(false))
        {
            return (Refused)Problem.NotFound("connection", id);
        }

        shops.Forget((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))?.Shop ?? "");
        return TypedResults.NoContent();
    }
}
