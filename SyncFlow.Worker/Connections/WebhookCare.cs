using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Faults;

namespace SyncFlow.Worker.Connections;

/// <summary>Keeps a shop's webhook subscriptions pointing at us: at every start, for our address may be another one now.</summary>
internal sealed class WebhookCare(
    ChannelLease lease, ChannelLinks links, Suspension suspension, WorkerOptions options, ILogger<WebhookCare> logger)
{
    /// <summary>What we want to hear of.</summary>
    public static readonly IReadOnlyList<string> Topics =
    [
        "orders/create", "orders/updated", "orders/cancelled", "orders/edited", "orders/delete", "refunds/create",
        "fulfillment_orders/moved", "fulfillment_orders/order_routing_complete", "inventory_levels/update",
        "inventory_levels/connect", "inventory_levels/disconnect", "inventory_items/update", "inventory_items/delete",
        "products/create", "products/update", "products/delete", "locations/create", "locations/update",
        "locations/activate", "locations/deactivate", "locations/delete", "app/uninstalled", "app/scopes_update",
        "app_subscriptions/update", "app_subscriptions/approaching_capped_amount",
    ];

    /// <summary>Puts the subscriptions right once; a fault is thrown, so that it is tried again.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        if (await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false) is not { } link
            || link.Connection.Status == ConnectionStatus.Connected)
        {
            return; // Before the import nothing is subscribed to.
        }

        try
        {
            var changed = await EnsureAsync(link, options, ct).ConfigureAwait(false);
            if (changed > 0)
            {
                Log.WebhooksChanged(logger, lease.Tenant.Value, lease.Connection.Value, changed);
            }
        }
        catch (ChannelFaultException refused)
        {
            if (await suspension.HandleAsync(lease.Tenant, lease.Connection, refused.Operation, refused.Fault, ct).ConfigureAwait(false)
                || refused.Fault.Kind == ChannelFaultKind.Rejected)
            {
                return;
            }

            throw;
        }
    }

    /// <summary>Ends all subscriptions of ours: the shop is being disconnected.</summary>
    public static async Task RemoveAsync(ChannelLink link, WorkerOptions options, CancellationToken ct)
    {
        if (options.WebhookUrl is { } url)
        {
            (await link.Client.EnsureWebhooksAsync(url, [], ct).ConfigureAwait(false)).OrThrow("webhooks");
        }
    }

    /// <summary>Makes the subscriptions right; returns how many were not. Without an address of ours nothing is done.</summary>
    public static async Task<int> EnsureAsync(ChannelLink link, WorkerOptions options, CancellationToken ct)
    {
        if (options.WebhookUrl is not { } url)
        {
            return 0;
        }

        var changes = (await link.Client.EnsureWebhooksAsync(url, Topics, ct).ConfigureAwait(false)).OrThrow("webhooks");
        return changes.Count(c => c.Action != WebhookAction.Kept);
    }
}
