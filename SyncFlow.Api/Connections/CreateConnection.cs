using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;
using SyncFlow.Storage.Secrets;

namespace SyncFlow.Api.Connections;

/// <summary>Connects a store by an access token. The token is encrypted before it is stored and never shown again.</summary>
internal sealed class CreateConnection : IEndpoint
{
    private const string Shopify = "shopify";

    private const int LongestName = 200;

    internal const int LongestToken = 2_000;

    /// <param name="Kind">The channel's kind; <c>shopify</c>.</param>
    /// <param name="Name">For people.</param>
    /// <param name="Shop">The shop's permanent domain, for example <c>main-store.myshopify.com</c>.</param>
    /// <param name="AccessToken">Admin API access token of a custom app.</param>
    /// <param name="ClientSecret">That app's client secret, which signs its webhooks; left out, the configured app's does.</param>
    internal sealed record Request(string? Kind, string? Name, string? Shop, string? AccessToken, string? ClientSecret = null);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/connections", HandleAsync)
        .WithName("CreateConnection").WithTags("Connections").Needs(Permission.ConnectionsManage)
        .WithSummary("Connects a store.");

    private static async Task<Results<Created<ConnectionView>, Refused>> HandleAsync(
        Request request, Caller caller, QuotaCheck quotas, ConnectionDesk desk, CredentialVault vault, WebhookSecretStore secrets, ShopCache shops,
        BillingDesk billing, CancellationToken ct)
    {
        var check = new Check()
            .That(request.Kind == Shopify, "kind", "One of: shopify.")
            .Text(request.Name, "name", LongestName)
            .That(ShopDomain.IsValid(request.Shop), "shop", "A store's permanent domain, for example main-store.myshopify.com.")
            .Text(request.AccessToken, "accessToken", LongestToken)
            .Optional(request.ClientSecret, "clientSecret", SetWebhookSecret.LongestSecret);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await billing.MayAddStoreAsync(caller.Tenant, ct).ConfigureAwait(false) is { Allowed: false, Why: var why })
        {
            return (Refused)new Problem(ProblemKind.PlanLimit, why!);
        }

        if (await quotas.FullAsync(Quota.Connections, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var token = request.AccessToken!.Trim();
        var id = await desk.CreateAsync(
            caller.Tenant, Shopify, request.Name!.Trim(), request.Shop!,
            made => vault.Seal(new TenantId(caller.Tenant), new ConnectionId(made), token), ct).ConfigureAwait(false);
        if (id is not { } created)
        {
            return (Refused)new Problem(ProblemKind.AlreadyExists, $"The shop {request.Shop} is connected already.");
        }

        if (request.ClientSecret?.Trim() is { } secret)
        {
            var (tenant, connection) = (new TenantId(caller.Tenant), new ConnectionId(created));
            await secrets.ReplaceAsync(
                tenant, connection, vault.Seal(SecretOwner.Webhook(tenant, connection), secret), TimeSpan.Zero, caller.Name, ct).ConfigureAwait(false);
        }

        shops.Forget(request.Shop!);
        var view = await desk.FindAsync(caller.Tenant, created, ct).ConfigureAwait(false);
        return TypedResults.Created($"/api/v1/connections/{created}", view);
    }
}
