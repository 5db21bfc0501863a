using System.Collections.Concurrent;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;

namespace SyncFlow.Worker.Connections;

/// <summary>Makes clients for connections; all clients of one shop in this process share its points.</summary>
internal sealed class ChannelLinks(
    ChannelStore connections, CredentialVault vault, TokenKeeper tokens, IHttpClientFactory clients, WorkerOptions options, TimeProvider time)
{
    public const string HttpClientName = "shopify";

    private readonly ConcurrentDictionary<string, CostBudget> _budgets = new(StringComparer.OrdinalIgnoreCase);

    private readonly ConcurrentDictionary<(TenantId Tenant, ConnectionId Connection), CostBudget> _called = new();

    /// <summary>The connections that this process has spoken to, with the points of their shops.</summary>
    public IEnumerable<(TenantId Tenant, ConnectionId Connection, CostBudget Budget)> Called =>
        _called.Select(c => (c.Key.Tenant, c.Key.Connection, c.Value));

    /// <summary>A link with the connection's credential as it is now; null where it must not or cannot be spoken to.</summary>
    public async Task<ChannelLink?> OpenAsync(TenantId tenant, ConnectionId connection, CancellationToken ct) =>
        await OpenInAnyStatusAsync(tenant, connection, ct).ConfigureAwait(false) is { } link
        && link.Connection.Status.MayBeCalled()
            ? link
            : null;

    /// <summary>
    /// A link whatever the connection's status: to find out whether a new credential is good. Null where there is none,
    /// or where it has ended and is not renewed at present.
    /// </summary>
    public async Task<ChannelLink?> OpenInAnyStatusAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var details = await connections.FindAsync(tenant, connection, ct).ConfigureAwait(false);
        if (details is not { Shop: { } shop, Credential: { } credential })
        {
            return null;
        }

        var held = ChannelCredential.Parse(vault.Open(tenant, connection, credential));
        if (await tokens.FreshAsync(tenant, connection, held, ct).ConfigureAwait(false) is not { } token)
        {
            return null;
        }

        var access = new ShopifyAccess(shop, options.ShopifyBaseUrl, options.ShopifyApiVersion, token)
        {
            Renew = held.RefreshToken is null ? null : (refused, cancel) => tokens.AfterRefusalAsync(tenant, connection, refused, cancel),
        };
        var budget = _budgets.GetOrAdd(shop, static (_, now) => new CostBudget(now), time.GetUtcNow());
        _called[(tenant, connection)] = budget;
        return new ChannelLink(
            details, new ShopifyClient(clients.CreateClient(HttpClientName), access, budget, time), budget);
    }
}
