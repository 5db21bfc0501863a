using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>orderCreate: orders that apps and imports make. Unless told otherwise they take no inventory.</summary>
internal static class OrderMutations
{
    internal static void Bind(Schema schema)
    {
        new Binder<TypeDef>(schema, "Mutation").Field("orderCreate", (_, c, call) => Create(c, call));
        new Binder<Payload>(schema, "OrderCreatePayload").Field("order", p => p.Result).Field("userErrors", p => p.Errors);
        InventoryMutations.BindError(schema, "OrderCreateUserError");
    }

    private static Payload Create(RequestContext context, FieldCall call)
    {
        var order = call.Argument<Dictionary<string, object?>>("order")!;
        var options = call.Argument<Dictionary<string, object?>>("options");
        var lines = (order.GetValueOrDefault("lineItems") as List<object?> ?? [])
            .ConvertAll(l => Line((Dictionary<string, object?>)l!));
        var outcome = context.Shop.Place(
            new OrderRequest(lines)
            {
                SourceName = order.GetValueOrDefault("sourceName") as string ?? "app",
                Test = order.GetValueOrDefault("test") is true,
                Name = order.GetValueOrDefault("name") as string,
                Inventory = options?.GetValueOrDefault("inventoryBehaviour") switch
                {
                    "DECREMENT_IGNORING_POLICY" => InventoryBehaviour.DecrementIgnoringPolicy,
                    "DECREMENT_OBEYING_POLICY" => InventoryBehaviour.DecrementObeyingPolicy,
                    _ => InventoryBehaviour.Bypass,
                },
            },
            context.Now, context.Changes);
        context.World.CountPlaced(outcome);
        return outcome.Order is { } created
            ? Payload.Of(created)
            : Payload.Refused(
                "OrderCreateUserError",
                outcome.Refusal == OrderRefusal.OutOfStock ? "INVENTORY_CLAIM_FAILED" : "INVALID",
                ["order", "lineItems"],
                outcome.Refusal == OrderRefusal.OutOfStock ? "Unable to claim inventory." : $"{outcome.Refusal}: {outcome.Detail}");
    }

    private static LineRequest Line(Dictionary<string, object?> line) => new(
        (int)line["quantity"]!,
        Gids.Number(line.GetValueOrDefault("variantId") as string, "ProductVariant"),
        line.GetValueOrDefault("sku") as string);
}
