using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;

namespace SyncFlow.Worker.Connections;

/// <summary>Keeps what the app was granted, and says so where a part of SyncFlow stands still for want of a scope.</summary>
internal sealed class AccessCare(TokenStore tokens, ChannelStore channels, TimeProvider time)
{
    /// <summary>Asks the shop what is granted and stores it; opens or closes the incident of missing scopes.</summary>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public async Task RefreshAsync(ChannelLink link, CancellationToken ct)
    {
        var granted = (await link.Client.ReadScopesAsync(ct).ConfigureAwait(false)).OrThrow("scopes");
        await tokens.SetScopesAsync(link.Tenant, link.Id, granted, ct).ConfigureAwait(false);
        var key = $"scopes-missing:{link.Id.Value}";
        var missing = ShopifyApp.Missing(granted);
        if (missing.Count == 0)
        {
            await channels.CloseIncidentAsync(link.Tenant, key, ct).ConfigureAwait(false);
            return;
        }

        await channels.OpenIncidentAsync(
            link.Tenant,
            new Incident(
                key, "scopes-missing", $"The app was not granted {string.Join(", ", missing)}. What needs them stands still until they are granted.",
                link.Id, null, null, time.GetUtcNow()),
            ct).ConfigureAwait(false);
    }
}
