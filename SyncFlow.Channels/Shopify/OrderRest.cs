using System.Text.Json;
using System.Text.Json.Nodes;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>Asks for one page and reads it.</summary>
internal delegate Task<ChannelResult<JsonObject>> AskPage(
    ShopifyOperation operation, Dictionary<string, object?> variables, Func<JsonElement, ChannelResult<JsonObject>> read);

/// <summary>
/// Reads an order's nested lists to their ends and puts them into the order, so that whoever reads it later sees no
/// difference to one that fitted its page.
/// </summary>
internal sealed class OrderRest(AskPage ask)
{
    private const int PageSize = 100;

    /// <summary>Whether any nested list goes on; looked for as bytes, since almost none does.</summary>
    internal static bool IsCut(ReadOnlyMemory<byte> order)
    {
        var reader = new Utf8JsonReader(order.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("hasNextPage"u8)
                && reader.Read() && reader.TokenType == JsonTokenType.True)
            {
                return true;
            }
        }

        return false;
    }

    internal async Task<ChannelResult<ReadOnlyMemory<byte>>> CompleteAsync(ReadOnlyMemory<byte> json)
    {
        var order = JsonNode.Parse(json.Span)!.AsObject();
        var fault = await RestAsync("MoreLines", order, "lineItems")
            ?? await RestAsync("MoreFulfillmentOrders", order, "fulfillmentOrders")
            ?? await RestOfAllAsync("MoreFulfillmentOrderLines", order["fulfillmentOrders"]!["nodes"]!, "lineItems")
            ?? await RestOfAllAsync("MoreFulfillmentLines", order["fulfillments"]!, "fulfillmentLineItems")
            ?? await RestOfAllAsync("MoreRefundLines", order["refunds"]!, "refundLineItems");
        return fault is null ? (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(order) : fault;
    }

    private async Task<ChannelFault?> RestOfAllAsync(string operation, JsonNode owners, string field)
    {
        foreach (var owner in owners.AsArray())
        {
            if (await RestAsync(operation, owner!.AsObject(), field) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private async Task<ChannelFault?> RestAsync(string operation, JsonObject owner, string field)
    {
        var list = owner[field]!.AsObject();
        while ((bool)list["pageInfo"]!["hasNextPage"]!)
        {
            var variables = new Dictionary<string, object?>
            {
                ["id"] = (string)owner["id"]!,
                ["first"] = PageSize,
                ["after"] = (string?)list["pageInfo"]!["endCursor"],
            };
            var page = await ask(
                ShopifyOperation.Named(operation), variables,
                data => JsonObject.Create(data.GetProperty("node").GetProperty(field).Clone())!);
            if (!page.Succeeded)
            {
                return page.Fault;
            }

            foreach (var node in page.Value["nodes"]!.AsArray())
            {
                list["nodes"]!.AsArray().Add(node!.DeepClone());
            }

            list["pageInfo"] = page.Value["pageInfo"]!.DeepClone();
        }

        return null;
    }
}
