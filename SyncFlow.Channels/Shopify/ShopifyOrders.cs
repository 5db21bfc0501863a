using System.Text.Json;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using static SyncFlow.Channels.Shopify.OrderDraft;

namespace SyncFlow.Channels.Shopify;

/// <summary>Reads an order as our own GraphQL query selects it (fragment OrderFields).</summary>
internal static class ShopifyOrders
{
    internal const string Fetch = "fetch";
    internal const string Import = "import";

    private static readonly JsonNames Names = new(
        "id", "updatedAt", "sourceName", "cancelledAt", "lineItems", "fulfillmentOrders", "fulfillments", "refunds", "createdAt",
        "test", "retailLocation", "customAttributes", "currencyCode");

    /// <summary>Places in <see cref="Names"/>.</summary>
    private const int Id = 0, UpdatedAt = 1, SourceName = 2, CancelledAt = 3, LineItems = 4, FulfillmentOrderList = 5,
        FulfillmentList = 6, RefundList = 7, CreatedAt = 8, Test = 9, RetailLocation = 10, CustomAttributes = 11, CurrencyCode = 12;

    private static readonly JsonNames LineNames = new("id", "variant", "quantity", "unfulfilledQuantity", "originalUnitPriceSet");
    private static readonly JsonNames PriceNames = new("shopMoney");
    private static readonly JsonNames MoneyNames = new("amount");
    private static readonly JsonNames FulfillmentOrderNames = new("status", "assignedLocation", "lineItems");
    private static readonly JsonNames AssignedNames = new("location");
    private static readonly JsonNames WaitingNames = new("remainingQuantity", "lineItem");
    private static readonly JsonNames FulfillmentNames = new("id", "status", "location", "createdAt", "fulfillmentLineItems");
    private static readonly JsonNames FulfilledNames = new("quantity", "lineItem");
    private static readonly JsonNames RefundNames = new("refundLineItems");
    private static readonly JsonNames RefundedNames = new("id", "restockType", "lineItem", "quantity", "location");

    internal static NormaliseResult Normalise(InboundEvent e) => e.Topic switch
    {
        Fetch => ShopifyPayload.Read(
            e, static (InboundEvent e, ref Utf8JsonReader body, ref StrictJson json) => Read(e, SnapshotOrigin.Fetch, ref body, ref json)),
        Import => ShopifyPayload.Read(
            e, static (InboundEvent e, ref Utf8JsonReader body, ref StrictJson json) => Read(e, SnapshotOrigin.Import, ref body, ref json)),
        _ => NormaliseResult.Malformed($"topic is neither {Fetch} nor {Import}"),
    };

    private static NormaliseResult Read(InboundEvent e, SnapshotOrigin origin, ref Utf8JsonReader body, ref StrictJson json)
    {
        var order = new JsonMembers(Names, stackalloc JsonValue[Names.Count]);
        StrictJson.Whole(ref body, order);
        var orderRef = json.Id(order, Id);
        var updatedAt = json.Moment(order, UpdatedAt);
        var source = json.Text(order, SourceName);
        var draft = new OrderDraft
        {
            Cancelled = json.OptionalMoment(order, CancelledAt) is not null,
            HasFulfillments = true,
        };
        Lines(order, ref json, draft);
        FulfillmentOrders(order, ref json, draft);
        Fulfillments(order, ref json, draft);
        Refunds(order, ref json, draft);
        var snapshot = new OrderSnapshot
        {
            OrderRef = orderRef,
            Version = new FactVersion(updatedAt.UtcTicks, 1, e.TriggeredAt.UtcTicks),
            Origin = origin,
            CreatedAt = json.Moment(order, CreatedAt),
            Cancelled = draft.Cancelled,
            Test = json.Flag(order, Test),
            SourceName = source,
            SoldAt = source == ShopifyWebhooks.Till ? StrictJson.Reference(json.ReferenceNumber(order, RetailLocation)) : null,
            ReservationRef = ReservationAttribute.In(
                ref json, json.Items(order, CustomAttributes, required: false), ReservationAttribute.InAnswers),
            Currency = json.Currency(order, CurrencyCode),
            Lines = draft.Build(),
        };
        return NormaliseResult.Of(new OrderFact(
            ShopifyWebhooks.OrderKey(e, orderRef), e.Connection, e.InboxEvent, updatedAt, snapshot));
    }

    private static void Lines(scoped JsonMembers order, ref StrictJson json, OrderDraft draft)
    {
        const int Variant = 1, Quantity = 2, UnfulfilledQuantity = 3, UnitPrice = 4;
        var line = new JsonMembers(LineNames, stackalloc JsonValue[LineNames.Count]);
        var price = new JsonMembers(PriceNames, stackalloc JsonValue[PriceNames.Count]);
        var money = new JsonMembers(MoneyNames, stackalloc JsonValue[MoneyNames.Count]);
        var lines = json.Nodes(order, LineItems);
        while (json.Next(ref lines, line))
        {
            var (id, variant, units, open) = (
                json.IdNumber(line, Id), StrictJson.Reference(json.ReferenceNumber(line, Variant)), json.Units(line, Quantity),
                json.Units(line, UnfulfilledQuantity));
            decimal? each = null;
            if (json.Object(line, UnitPrice, required: false, price))
            {
                json.Enter(line, UnitPrice);
                each = json.Object(price, 0, required: false, money) ? json.Amount(money, 0) : null;
                json.Leave();
            }

            draft.Add(id, variant, units, open, each);
        }
    }

    private static void FulfillmentOrders(scoped JsonMembers order, ref StrictJson json, OrderDraft draft)
    {
        const int Status = 0, Parts = 2, RemainingQuantity = 0, LineItem = 1;
        var fulfillmentOrder = new JsonMembers(FulfillmentOrderNames, stackalloc JsonValue[FulfillmentOrderNames.Count]);
        var part = new JsonMembers(WaitingNames, stackalloc JsonValue[WaitingNames.Count]);
        var fulfillmentOrders = json.Nodes(order, FulfillmentOrderList);
        while (json.Next(ref fulfillmentOrders, fulfillmentOrder))
        {
            // A deleted location has no id any more: then nobody has said where the units are to ship from.
            var status = json.Word(fulfillmentOrder, Status);
            if (status.SequenceEqual("CLOSED"u8) || status.SequenceEqual("CANCELLED"u8)
                || AssignedTo(fulfillmentOrder, ref json) is not { } location)
            {
                continue;
            }

            var parts = json.Nodes(fulfillmentOrder, Parts);
            while (json.Next(ref parts, part))
            {
                var units = json.Units(part, RemainingQuantity);
                if (units > 0 && json.HasReference(part, LineItem, out var line))
                {
                    draft.Find(line)?.Assigned(location, units);
                }
            }
        }
    }

    private static string? AssignedTo(scoped JsonMembers fulfillmentOrder, ref StrictJson json)
    {
        const int AssignedLocation = 1;
        var assigned = new JsonMembers(AssignedNames, stackalloc JsonValue[AssignedNames.Count]);
        if (!json.Object(fulfillmentOrder, AssignedLocation, required: true, assigned))
        {
            return null;
        }

        json.Enter(fulfillmentOrder, AssignedLocation);
        var found = json.HasReference(assigned, 0, out var location);
        json.Leave();
        return found ? StrictJson.Reference(location) ?? "" : null;
    }

    private static void Fulfillments(scoped JsonMembers order, ref StrictJson json, OrderDraft draft)
    {
        const int Status = 1, Location = 2, At = 3, Parts = 4, Quantity = 0, LineItem = 1;
        var fulfillment = new JsonMembers(FulfillmentNames, stackalloc JsonValue[FulfillmentNames.Count]);
        var part = new JsonMembers(FulfilledNames, stackalloc JsonValue[FulfilledNames.Count]);
        var fulfillments = json.Items(order, FulfillmentList, required: true);
        while (json.Next(ref fulfillments, fulfillment))
        {
            var status = json.Word(fulfillment, Status);
            if (status.SequenceEqual("CANCELLED"u8) || status.SequenceEqual("ERROR"u8) || status.SequenceEqual("FAILURE"u8))
            {
                continue;
            }

            var (reference, location) = (json.Id(fulfillment, Id), StrictJson.Reference(json.ReferenceNumber(fulfillment, Location)));
            var at = json.Moment(fulfillment, At);
            var parts = json.Nodes(fulfillment, Parts);
            while (json.Next(ref parts, part))
            {
                var units = json.Units(part, Quantity);
                if (json.HasReference(part, LineItem, out var line))
                {
                    draft.Find(line)?.Fulfilled(new Shipment(reference, location, units, at));
                }
            }
        }
    }

    private static void Refunds(scoped JsonMembers order, ref StrictJson json, OrderDraft draft)
    {
        const int RestockType = 1, LineItem = 2, Quantity = 3, Location = 4;
        var refund = new JsonMembers(RefundNames, stackalloc JsonValue[RefundNames.Count]);
        var part = new JsonMembers(RefundedNames, stackalloc JsonValue[RefundedNames.Count]);
        var refunds = json.Items(order, RefundList, required: true);
        while (json.Next(ref refunds, refund))
        {
            var parts = json.Nodes(refund, 0);
            while (json.Next(ref parts, part))
            {
                if (Word(json.Word(part, RestockType)) is not { } word)
                {
                    json.Fail("restockType", "is unknown");
                    continue;
                }

                if (!json.HasReference(part, LineItem, out var lineId))
                {
                    json.Fail("lineItem", "is missing");
                    continue;
                }

                if (draft.Find(lineId) is { } line)
                {
                    line.Refunded(
                        json.Id(part, Id), word, json.Units(part, Quantity), StrictJson.Reference(json.ReferenceNumber(part, Location)));
                }
            }
        }
    }

    private static RestockWord? Word(ReadOnlySpan<byte> restockType) => restockType switch
    {
        _ when restockType.SequenceEqual("CANCEL"u8) => RestockWord.Cancel,
        _ when restockType.SequenceEqual("RETURN"u8) => RestockWord.Return,
        _ when restockType.SequenceEqual("NO_RESTOCK"u8) => RestockWord.None,
        _ when restockType.SequenceEqual("LEGACY_RESTOCK"u8) => RestockWord.Legacy,
        _ => null,
    };
}
