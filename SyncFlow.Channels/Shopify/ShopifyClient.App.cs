using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// What the shop knows of our app.
public sealed partial class ShopifyClient
{
    private const int AppCost = 5;

    /// <summary>The scopes that were granted to the app, parted by commas, in alphabetical order.</summary>
    public Task<ChannelResult<string>> ReadScopesAsync(CancellationToken cancel) => AskAsync<string>(
        ShopifyOperation.Named("AppScopes"), null, AppCost, BudgetUse.Publish,
        data => string.Join(
            ',',
            data.GetProperty("currentAppInstallation").GetProperty("accessScopes").EnumerateArray()
                .Select(scope => Text(scope, "handle")).Order(StringComparer.Ordinal)),
        cancel);
}
