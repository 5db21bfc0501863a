using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Reading orders by what changed.
public sealed partial class ShopifyClient
{
    private const int OrdersPerPage = 25;

    /// <summary>Points reserved for a page of orders, and for one; the answer corrects it.</summary>
    private const int OrdersCost = 600;
    private const int OrderCost = 100;

    /// <summary>A page of bare order times costs about a point a dozen orders: a hundredth of the orders themselves.</summary>
    private const int TimesPerPage = 250;
    private const int TimesCost = 30;

    /// <summary>
    /// Orders changed at or after a moment, oldest change first, in pages; a fault ends the reading. Shopify's search
    /// index lags behind its orders and holds whole seconds: callers overlap what they ask for.
    /// </summary>
    /// <param name="use">Verification pays from its own share; a baseline may pay from the whole.</param>
    public IAsyncEnumerable<ChannelResult<OrderPage>> ReadOrdersUpdatedSinceAsync(
        DateTimeOffset since, CancellationToken cancel, BudgetUse use = BudgetUse.Verify)
    {
        var from = since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return ReadOrdersAsync($"updated_at:>='{from}'", use, cancel);
    }

    /// <summary>
    /// Which orders changed at or after a moment, and when, oldest change first; a fault ends the reading. What is known
    /// already need not be read whole.
    /// </summary>
    public IAsyncEnumerable<ChannelResult<ImmutableArray<OrderTime>>> ListOrdersUpdatedSinceAsync(
        DateTimeOffset since, CancellationToken cancel, BudgetUse use = BudgetUse.Verify)
    {
        var from = since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return PagesAsync(
            ShopifyOperation.Named("OrderTimes"), new() { ["query"] = $"updated_at:>='{from}'" }, TimesPerPage, TimesCost, use,
            data => data.GetProperty("orders"),
            node => new OrderTime(Ref(node), node.GetProperty("updatedAt").GetDateTimeOffset()),
            cancel);
    }

    /// <summary>All open orders in pages; a fault ends the reading.</summary>
    public IAsyncEnumerable<ChannelResult<OrderPage>> ReadOpenOrdersAsync(CancellationToken cancel) =>
        ReadOrdersAsync("status:open", BudgetUse.Publish, cancel);

    private async IAsyncEnumerable<ChannelResult<OrderPage>> ReadOrdersAsync(
        string query, BudgetUse use, [EnumeratorCancellation] CancellationToken cancel)
    {
        var askedAt = time.GetUtcNow();
        var pages = PagesAsync(
            ShopifyOperation.Named("Orders"), new() { ["query"] = query }, OrdersPerPage, OrdersCost, use,
            data => data.GetProperty("orders"), Fetched, cancel);
        await foreach (var page in pages)
        {
            if (!page.Succeeded)
            {
                yield return page.Fault;
                yield break;
            }

            var whole = await CompletePageAsync(page.Value, askedAt, use, cancel);
            yield return whole;
            if (!whole.Succeeded)
            {
                yield break;
            }

            askedAt = time.GetUtcNow();
        }
    }

    /// <summary>Reads the rest of orders whose nested lists did not fit their page.</summary>
    private async Task<ChannelResult<OrderPage>> CompletePageAsync(
        ImmutableArray<FetchedOrder> orders, DateTimeOffset askedAt, BudgetUse use, CancellationToken cancel)
    {
        var whole = ImmutableArray.CreateBuilder<FetchedOrder>(orders.Length);
        foreach (var order in orders)
        {
            if (!OrderRest.IsCut(order.Json))
            {
                whole.Add(order);
                continue;
            }

            var json = await new OrderRest((operation, variables, read) =>
                AskAsync(operation, variables, OrderCost, use, read, cancel)).CompleteAsync(order.Json);
            if (!json.Succeeded)
            {
                return json.Fault;
            }

            whole.Add(order with { Json = json.Value });
        }

        return new OrderPage(whole.MoveToImmutable(), askedAt);
    }

    private static FetchedOrder Fetched(JsonElement order) => new(
        Ref(order), order.GetProperty("createdAt").GetDateTimeOffset(), order.GetProperty("updatedAt").GetDateTimeOffset(),
        JsonMarshal.GetRawUtf8Value(order).ToArray());
}

/// <summary>An order and when it last changed, in whole seconds.</summary>
public readonly record struct OrderTime(string OrderRef, DateTimeOffset UpdatedAt);
