using System.Text.Json;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using static SyncFlow.Channels.Shopify.OrderDraft;

namespace SyncFlow.Channels.Shopify;

/// <summary>Reads an order as webhooks carry it: Shopify's REST shape, whole.</summary>
internal static class ShopifyOrderWebhooks
{
    private static readonly JsonNames Names = new(
        "id", "updated_at", "source_name", "cancelled_at", "line_items", "fulfillments", "refunds", "created_at", "test",
        "location_id", "note_attributes", "currency");

    /// <summary>Places in <see cref="Names"/>.</summary>
    private const int Id = 0, UpdatedAt = 1, SourceName = 2, CancelledAt = 3, LineItems = 4, FulfillmentList = 5, RefundList = 6,
        CreatedAt = 7, Test = 8, LocationId = 9, NoteAttributes = 10, CurrencyCode = 11;

    private static readonly JsonNames LineNames = new("id", "variant_id", "quantity", "fulfillable_quantity", "price");
    private static readonly JsonNames FulfillmentNames = new("id", "status", "location_id", "created_at", "line_items");
    private static readonly JsonNames FulfilledNames = new("id", "quantity");
    private static readonly JsonNames RefundNames = new("refund_line_items");
    private static readonly JsonNames RefundedNames = new("id", "restock_type", "line_item_id", "quantity", "location_id");

    internal static NormaliseResult Read(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var order = new JsonMembers(Names, stackalloc JsonValue[Names.Count]);
        var draft = new OrderDraft();
        var lines = json;
        while (StrictJson.Until(LineItems, ref body, order))
        {
            // Most of a body are its lines: they are read as they come, the rest once it is known what there is.
            draft.Clear();
            lines = json;
            Lines(ref body, ref lines, draft);
        }

        var orderId = json.Id(order, Id);
        var updatedAt = json.Moment(order, UpdatedAt);
        var source = json.Text(order, SourceName);
        draft.Cancelled = json.OptionalMoment(order, CancelledAt) is not null;
        if (json.IsList(order, LineItems, required: true))
        {
            json.Join(lines);
        }
        else
        {
            draft.Clear();
        }

        Fulfillments(order, updatedAt, ref json, draft);
        Refunds(order, ref json, draft);
        var snapshot = new OrderSnapshot
        {
            OrderRef = orderId,
            Version = new FactVersion(updatedAt.UtcTicks, 0, e.TriggeredAt.UtcTicks),
            Origin = SnapshotOrigin.Webhook,
            CreatedAt = json.Moment(order, CreatedAt),
            Cancelled = draft.Cancelled,
            Test = json.Flag(order, Test),
            SourceName = source,
            SoldAt = source == ShopifyWebhooks.Till ? json.OptionalId(order, LocationId) : null,
            ReservationRef = ReservationAttribute.In(
                ref json, json.Items(order, NoteAttributes, required: false), ReservationAttribute.InWebhooks),
            Currency = json.Currency(order, CurrencyCode),
            Lines = draft.Build(),
        };
        return NormaliseResult.Of(new OrderFact(
            ShopifyWebhooks.OrderKey(e, orderId), e.Connection, e.InboxEvent, e.TriggeredAt, snapshot));
    }

    private static void Lines(ref Utf8JsonReader body, ref StrictJson json, OrderDraft draft)
    {
        const int VariantId = 1, Quantity = 2, FulfillableQuantity = 3, Price = 4;
        var line = new JsonMembers(LineNames, stackalloc JsonValue[LineNames.Count]);
        var lines = json.InPlace(body, Names[LineItems]);
        while (json.Next(ref lines, line))
        {
            draft.Add(
                json.IdNumber(line, Id), json.OptionalId(line, VariantId), json.Units(line, Quantity),
                json.Units(line, FulfillableQuantity), json.Amount(line, Price));
        }

        body = lines.Reader;
    }

    private static void Fulfillments(scoped JsonMembers order, DateTimeOffset updatedAt, ref StrictJson json, OrderDraft draft)
    {
        const int Status = 1, Location = 2, At = 3, Parts = 4, Quantity = 1;
        var fulfillment = new JsonMembers(FulfillmentNames, stackalloc JsonValue[FulfillmentNames.Count]);
        var part = new JsonMembers(FulfilledNames, stackalloc JsonValue[FulfilledNames.Count]);
        draft.HasFulfillments = json.Has(order[FulfillmentList]);
        var fulfillments = json.Items(order, FulfillmentList, required: false);
        while (json.Next(ref fulfillments, fulfillment))
        {
            var status = json.Word(fulfillment, Status);
            if (status.SequenceEqual("cancelled"u8) || status.SequenceEqual("error"u8) || status.SequenceEqual("failure"u8))
            {
                continue;
            }

            var (reference, location) = (json.Id(fulfillment, Id), json.OptionalId(fulfillment, Location));
            var at = json.OptionalMoment(fulfillment, At) ?? updatedAt;
            var parts = json.Items(fulfillment, Parts, required: true);
            while (json.Next(ref parts, part))
            {
                if (draft.Find(json.IdNumber(part, Id)) is { } line)
                {
                    line.Fulfilled(new Shipment(reference, location, json.Units(part, Quantity), at));
                }
            }
        }
    }

    private static void Refunds(scoped JsonMembers order, ref StrictJson json, OrderDraft draft)
    {
        const int RestockType = 1, LineItemId = 2, Quantity = 3, Location = 4;
        var refund = new JsonMembers(RefundNames, stackalloc JsonValue[RefundNames.Count]);
        var part = new JsonMembers(RefundedNames, stackalloc JsonValue[RefundedNames.Count]);
        var refunds = json.Items(order, RefundList, required: false);
        while (json.Next(ref refunds, refund))
        {
            var parts = json.Items(refund, 0, required: false);
            while (json.Next(ref parts, part))
            {
                if (Word(json.Word(part, RestockType)) is not { } word)
                {
                    json.Fail("restock_type", "is unknown");
                    continue;
                }

                if (draft.Find(json.IdNumber(part, LineItemId)) is { } line)
                {
                    line.Refunded(json.Id(part, Id), word, json.Units(part, Quantity), json.OptionalId(part, Location));
                }
            }
        }
    }

    private static RestockWord? Word(ReadOnlySpan<byte> restockType) => restockType switch
    {
        _ when restockType.SequenceEqual("cancel"u8) => RestockWord.Cancel,
        _ when restockType.SequenceEqual("return"u8) => RestockWord.Return,
        _ when restockType.SequenceEqual("no_restock"u8) => RestockWord.None,
        _ when restockType.SequenceEqual("legacy_restock"u8) => RestockWord.Legacy,
        _ => null,
    };
}
