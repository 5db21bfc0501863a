using System.Text.Json;
using SyncFlow.Channels;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using static SyncFlow.Tests.Channels.Reference.OrderDraft;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>Reads an order as our own GraphQL query selects it (fragment OrderFields).</summary>
internal static class ShopifyOrders
{
    internal const string Fetch = "fetch";
    internal const string Import = "import";

    internal static NormaliseResult Normalise(InboundEvent e)
    {
        SnapshotOrigin? origin = e.Topic switch
        {
            Fetch => SnapshotOrigin.Fetch,
            Import => SnapshotOrigin.Import,
            _ => null,
        };
        return origin is { } known
            ? ShopifyPayload.Read(e, (in JsonElement order, StrictJson json) => Read(e, known, order, json))
            : NormaliseResult.Malformed($"topic is neither {Fetch} nor {Import}");
    }

    private static NormaliseResult Read(InboundEvent e, SnapshotOrigin origin, in JsonElement order, StrictJson json)
    {
        var orderRef = json.Id(order, "", "id");
        var updatedAt = json.Moment(order, "", "updatedAt");
        var source = json.Text(order, "", "sourceName");
        var draft = new OrderDraft
        {
            Cancelled = json.OptionalMoment(order, "", "cancelledAt") is not null,
            HasFulfillments = true,
        };
        Lines(order, json, draft);
        FulfillmentOrders(order, json, draft);
        Fulfillments(order, json, draft);
        Refunds(order, json, draft);
        var snapshot = new OrderSnapshot
        {
            OrderRef = orderRef,
            Version = new FactVersion(updatedAt.UtcTicks, 1, e.TriggeredAt.UtcTicks),
            Origin = origin,
            CreatedAt = json.Moment(order, "", "createdAt"),
            Cancelled = draft.Cancelled,
            Test = json.Flag(order, "", "test"),
            SourceName = source,
            SoldAt = source == ShopifyWebhooks.Till ? Reference(order, json, "", "retailLocation") : null,
            ReservationRef = ReservationAttribute.In(json, json.Items(order, "", "customAttributes", required: false), "key"),
            Currency = json.Currency(order, "currencyCode"),
            Lines = draft.Build(),
        };
        return NormaliseResult.Of(new OrderFact(
            ShopifyWebhooks.OrderKey(e, orderRef), e.Connection, e.InboxEvent, updatedAt, snapshot));
    }

    private static void Lines(in JsonElement order, StrictJson json, OrderDraft draft)
    {
        foreach (var (line, path) in json.Nodes(order, "", "lineItems"))
        {
            draft.Add(
                json.Id(line, path, "id"), Reference(line, json, path, "variant"), json.Units(line, path, "quantity"),
                json.Units(line, path, "unfulfilledQuantity"), Price(line, json, path));
        }
    }

    private static void FulfillmentOrders(in JsonElement order, StrictJson json, OrderDraft draft)
    {
        foreach (var (fulfillmentOrder, path) in json.Nodes(order, "", "fulfillmentOrders"))
        {
            // A deleted location has no id any more: then nobody has said where the units are to ship from.
            if (json.Text(fulfillmentOrder, path, "status") is "CLOSED" or "CANCELLED"
                || !json.Object(fulfillmentOrder, path, "assignedLocation", required: true, out var assigned)
                || Reference(assigned, json, path + "assignedLocation.", "location") is not { } location)
            {
                continue;
            }

            foreach (var (part, partPath) in json.Nodes(fulfillmentOrder, path, "lineItems"))
            {
                var units = json.Units(part, partPath, "remainingQuantity");
                if (units > 0 && Reference(part, json, partPath, "lineItem") is { } line)
                {
                    draft.Find(line)?.Assigned(location, units);
                }
            }
        }
    }

    private static void Fulfillments(in JsonElement order, StrictJson json, OrderDraft draft)
    {
        foreach (var (fulfillment, path) in json.Items(order, "", "fulfillments", required: true))
        {
            if (json.Text(fulfillment, path, "status") is "CANCELLED" or "ERROR" or "FAILURE")
            {
                continue;
            }

            var (reference, location) = (json.Id(fulfillment, path, "id"), Reference(fulfillment, json, path, "location"));
            var at = json.Moment(fulfillment, path, "createdAt");
            foreach (var (part, partPath) in json.Nodes(fulfillment, path, "fulfillmentLineItems"))
            {
                var units = json.Units(part, partPath, "quantity");
                if (Reference(part, json, partPath, "lineItem") is { } line)
                {
                    draft.Find(line)?.Fulfilled(new Shipment(reference, location, units, at));
                }
            }
        }
    }

    private static void Refunds(in JsonElement order, StrictJson json, OrderDraft draft)
    {
        foreach (var (refund, path) in json.Items(order, "", "refunds", required: true))
        {
            foreach (var (part, partPath) in json.Nodes(refund, path, "refundLineItems"))
            {
                RestockWord? word = json.Text(part, partPath, "restockType") switch
                {
                    "CANCEL" => RestockWord.Cancel,
                    "RETURN" => RestockWord.Return,
                    "NO_RESTOCK" => RestockWord.None,
                    "LEGACY_RESTOCK" => RestockWord.Legacy,
                    _ => null,
                };
                if (word is null)
                {
                    json.Fail(partPath + "restockType", "is unknown");
                    continue;
                }

                var line = Reference(part, json, partPath, "lineItem");
                if (line is null)
                {
                    json.Fail(partPath + "lineItem", "is missing");
                    continue;
                }

                draft.Find(line)?.Refunded(
                    json.Id(part, partPath, "id"), word.Value, json.Units(part, partPath, "quantity"),
                    Reference(part, json, partPath, "location"));
            }
        }
    }

    private static decimal? Price(in JsonElement line, StrictJson json, string path)
    {
        const string price = "originalUnitPriceSet";
        return json.Object(line, path, price, required: false, out var set) && json.Object(set, path + price + ".", "shopMoney", required: false, out var money)
            ? json.Amount(money, "amount")
            : null;
    }

    /// <summary>The id of an object field; null when there is no object.</summary>
    private static string? Reference(in JsonElement parent, StrictJson json, string path, string name) =>
        json.Object(parent, path, name, required: false, out var value) ? json.Id(value, path + name + ".", "id") : null;
}
