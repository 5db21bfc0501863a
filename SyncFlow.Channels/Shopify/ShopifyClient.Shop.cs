using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// The shop, its locations, and paging.
public sealed partial class ShopifyClient
{
    private const int LocationsPerPage = 50;

    /// <summary>A page over what Shopify counts in one call is asked for again at half its size, down to this.</summary>
    private const int SmallestPage = 1;

    /// <summary>The shop about itself.</summary>
    public Task<ChannelResult<ShopInfo>> ReadShopAsync(CancellationToken cancel) => AskAsync<ShopInfo>(
        ShopifyOperation.Named("Shop"), null, 10, BudgetUse.Publish,
        data =>
        {
            var shop = data.GetProperty("shop");
            var plan = shop.GetProperty("plan");
            return new ShopInfo(
                Ref(shop), Text(shop, "myshopifyDomain"), Text(shop, "name"), Text(plan, "publicDisplayName"),
                plan.GetProperty("shopifyPlus").GetBoolean(), Text(shop, "ianaTimezone"),
                [.. data.GetProperty("publicApiVersions").EnumerateArray()
                    .Where(v => v.GetProperty("supported").GetBoolean()).Select(v => Text(v, "handle"))]);
        },
        cancel);

    /// <summary>All locations, inactive ones and fulfilment services included.</summary>
    public async Task<ChannelResult<ImmutableArray<ShopLocationInfo>>> ReadLocationsAsync(CancellationToken cancel)
    {
        var locations = ImmutableArray.CreateBuilder<ShopLocationInfo>();
        var pages = PagesAsync(
            ShopifyOperation.Named("Locations"), [], LocationsPerPage, 20, BudgetUse.Publish,
            data => data.GetProperty("locations"),
            node => new ShopLocationInfo(
                Ref(node), Text(node, "name"), node.GetProperty("isActive").GetBoolean(),
                node.GetProperty("fulfillsOnlineOrders").GetBoolean()),
            cancel);
        await foreach (var page in pages)
        {
            if (!page.Succeeded)
            {
                return page.Fault;
            }

            locations.AddRange(page.Value);
        }

        return locations.ToImmutable();
    }

    /// <summary>All pages of a connection. A fault ends them; a page that is too dear is halved.</summary>
    /// <param name="connection">Finds the connection in the data; null when what it belongs to is gone.</param>
    private async IAsyncEnumerable<ChannelResult<ImmutableArray<T>>> PagesAsync<T>(
        ShopifyOperation operation, Dictionary<string, object?> variables, int pageSize, int cost, BudgetUse use,
        Func<JsonElement, JsonElement?> connection, Func<JsonElement, T> read,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        variables["after"] = null;
        while (true)
        {
            variables["first"] = pageSize;
            var page = await AskAsync(operation, variables, cost, use, data => Page(connection(data), read), cancel);
            if (page.Fault is { Code: "MAX_COST_EXCEEDED" } && pageSize > SmallestPage)
            {
                pageSize /= 2;
                continue;
            }

            if (!page.Succeeded)
            {
                yield return page.Fault;
                yield break;
            }

            yield return page.Value.Items;
            if (page.Value.Next is not { } next)
            {
                yield break;
            }

            variables["after"] = next;
        }
    }

    private static ChannelResult<(ImmutableArray<T> Items, string? Next)> Page<T>(
        JsonElement? connection, Func<JsonElement, T> read)
    {
        if (connection is not { } found)
        {
            return (ImmutableArray<T>.Empty, (string?)null);
        }

        var info = found.GetProperty("pageInfo");
        ImmutableArray<T> items = [.. found.GetProperty("nodes").EnumerateArray().Select(read)];
        return (items, info.GetProperty("hasNextPage").GetBoolean() ? Text(info, "endCursor") : null);
    }

    private static string Ref(JsonElement node) => ShopifyIds.Numeric(Text(node, "id"))
        ?? throw new FormatException("an id is not numeric");

    private static string Text(JsonElement node, string name) => ShopifyText.Kept(node.GetProperty(name))
        ?? throw new FormatException($"{name} is null");

    /// <summary>A member that may be null.</summary>
    private static JsonElement? Maybe(JsonElement node, string name) =>
        node.GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? value : null;
}
