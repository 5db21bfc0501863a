using System.Text.Json;
using SyncFlow.Channels;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using static SyncFlow.Tests.Channels.Reference.OrderDraft;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>Reads an order as webhooks carry it: Shopify's REST shape, whole.</summary>
internal static class ShopifyOrderWebhooks
{
    internal static NormaliseResult Read(InboundEvent e, in JsonElement order, StrictJson json)
    {
        var orderRef = json.Id(order, "", "id");
        var updatedAt = json.Moment(order, "", "updated_at");
        var source = json.Text(order, "", "source_name");
        var draft = new OrderDraft { Cancelled = json.OptionalMoment(order, "", "cancelled_at") is not null };
        foreach (var (line, path) in json.Items(order, "", "line_items", required: true))
        {
            draft.Add(
                json.Id(line, path, "id"), json.OptionalId(line, path, "variant_id"), json.Units(line, path, "quantity"),
                json.Units(line, path, "fulfillable_quantity"), json.Amount(line, "price"));
        }

        Fulfillments(order, updatedAt, json, draft);
        Refunds(order, json, draft);
        var snapshot = new OrderSnapshot
        {
            OrderRef = orderRef,
            Version = new FactVersion(updatedAt.UtcTicks, 0, e.TriggeredAt.UtcTicks),
            Origin = SnapshotOrigin.Webhook,
            CreatedAt = json.Moment(order, "", "created_at"),
            Cancelled = draft.Cancelled,
            Test = json.Flag(order, "", "test"),
            SourceName = source,
            SoldAt = source == ShopifyWebhooks.Till ? json.OptionalId(order, "", "location_id") : null,
            ReservationRef = ReservationAttribute.In(json, json.Items(order, "", "note_attributes", required: false), "name"),
            Currency = json.Currency(order, "currency"),
            Lines = draft.Build(),
        };
        return NormaliseResult.Of(new OrderFact(
            ShopifyWebhooks.OrderKey(e, orderRef), e.Connection, e.InboxEvent, e.TriggeredAt, snapshot));
    }

    private static void Fulfillments(in JsonElement order, DateTimeOffset updatedAt, StrictJson json, OrderDraft draft)
    {
        draft.HasFulfillments = order.TryGetProperty("fulfillments", out var list) && list.ValueKind != JsonValueKind.Null;
        foreach (var (fulfillment, path) in json.Items(order, "", "fulfillments", required: false))
        {
            if (json.Text(fulfillment, path, "status") is "cancelled" or "error" or "failure")
            {
                continue;
            }

            var (reference, location) = (json.Id(fulfillment, path, "id"), json.OptionalId(fulfillment, path, "location_id"));
            var at = json.OptionalMoment(fulfillment, path, "created_at") ?? updatedAt;
            foreach (var (part, partPath) in json.Items(fulfillment, path, "line_items", required: true))
            {
                draft.Find(json.Id(part, partPath, "id"))?.Fulfilled(
                    new Shipment(reference, location, json.Units(part, partPath, "quantity"), at));
            }
        }
    }

    private static void Refunds(in JsonElement order, StrictJson json, OrderDraft draft)
    {
        foreach (var (refund, path) in json.Items(order, "", "refunds", required: false))
        {
            foreach (var (part, partPath) in json.Items(refund, path, "refund_line_items", required: false))
            {
                RestockWord? word = json.Text(part, partPath, "restock_type") switch
                {
                    "cancel" => RestockWord.Cancel,
                    "return" => RestockWord.Return,
                    "no_restock" => RestockWord.None,
                    "legacy_restock" => RestockWord.Legacy,
                    _ => null,
                };
                if (word is null)
                {
                    json.Fail(partPath + "restock_type", "is unknown");
                    continue;
                }

                draft.Find(json.Id(part, partPath, "line_item_id"))?.Refunded(
                    json.Id(part, partPath, "id"), word.Value, json.Units(part, partPath, "quantity"),
                    json.OptionalId(part, partPath, "location_id"));
            }
        }
    }
}
