using System.Runtime.CompilerServices;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Reading orders that are known by name, many in a call.
public sealed partial class ShopifyClient
{
    /// <summary>Ids in a call that only asks which orders fulfilment orders belong to (Shopify: at most 250 in an array).</summary>
    private const int OwnersPerPage = 250;

    /// <summary>Points reserved for it; the answer corrects it.</summary>
    private const int OwnersCost = 30;

    /// <summary>How a shop refuses a call that it finds too dear.</summary>
    private const string TooDear = "MAX_COST_EXCEEDED";

    /// <summary>
    /// Orders by name, current and whole, in pages; a fault ends the reading. Orders that the shop has no longer are left
    /// out, and each is read once however often it is named. What a list of ids costs is not published: a page that
    /// the shop finds too dear is halved.
    /// </summary>
    /// <param name="orderRefs">Ids, or <c>fulfillment_order:id</c> for the order of a fulfilment order.</param>
    public async IAsyncEnumerable<ChannelResult<OrderPage>> ReadOrdersByIdAsync(
        IReadOnlyCollection<string> orderRefs, BudgetUse use, [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(orderRefs);
        var named = await OrdersOfAsync(orderRefs, use, cancel);
        if (!named.Succeeded)
        {
            yield return named.Fault;
            yield break;
        }

        var (orders, size) = (named.Value, OrdersPerPage);
        for (var at = 0; at < orders.Count;)
        {
            var part = orders.GetRange(at, Math.Min(size, orders.Count - at));
            var page = await ReadPageAsync(part, use, cancel);
            if (page.Fault?.Code == TooDear && part.Count > 1)
            {
                size = part.Count / 2;
                continue;
            }

            yield return page;
            if (!page.Succeeded)
            {
                yield break;
            }

            at += part.Count;
        }
    }

    private async Task<ChannelResult<OrderPage>> ReadPageAsync(List<string> orders, BudgetUse use, CancellationToken cancel)
    {
        var askedAt = time.GetUtcNow();
        var cost = Math.Min(OrdersCost, OrderCost * orders.Count);
        var answer = await AskAsync<List<FetchedOrder>>(
            ShopifyOperation.Named("OrdersById"), Ids("Order", orders), cost, use,
            data => Nodes(data).Select(Fetched).ToList(), cancel);
        return answer.Succeeded ? await CompletePageAsync([.. answer.Value], askedAt, use, cancel) : answer.Fault;
    }

    /// <summary>The orders meant, each once; those of fulfilment orders are asked for.</summary>
    private async Task<ChannelResult<List<string>>> OrdersOfAsync(
        IReadOnlyCollection<string> orderRefs, BudgetUse use, CancellationToken cancel)
    {
        var named = orderRefs.ToLookup(r => r.StartsWith(ShopifyIds.FulfillmentOrderPrefix, StringComparison.Ordinal));
        var orders = named[false].ToHashSet(StringComparer.Ordinal);
        var asked = named[true].Select(r => r[ShopifyIds.FulfillmentOrderPrefix.Length..]).Distinct(StringComparer.Ordinal);
        foreach (var part in asked.Chunk(OwnersPerPage))
        {
            var answer = await AskAsync<List<string>>(
                ShopifyOperation.Named("OrdersOfFulfillmentOrders"), Ids("FulfillmentOrder", part), OwnersCost, use,
                data => Nodes(data).Select(node => ShopifyIds.Numeric(Text(node, "orderId"))).OfType<string>().ToList(), cancel);
            if (!answer.Succeeded)
            {
                return answer.Fault;
            }

            orders.UnionWith(answer.Value);
        }

        return orders.ToList();
    }

    private static object Ids(string type, IEnumerable<string> references) =>
        new { ids = references.Select(reference => ShopifyIds.Gid(type, reference)) };

    /// <summary>The nodes that the shop has; for an id it does not know it answers null.</summary>
    private static IEnumerable<JsonElement> Nodes(JsonElement data) =>
        data.GetProperty("nodes").EnumerateArray().Where(node => node.ValueKind == JsonValueKind.Object);
}
