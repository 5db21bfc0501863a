using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>An order to place at a store, by SKU or variant id.</summary>
internal sealed record PlaceOrder(
    string Shop, IReadOnlyList<LineRequest> Lines, string? SourceName = null, long? LocationId = null, bool Test = false,
    string? Name = null, InventoryBehaviour? Inventory = null);

internal sealed record CancelOrder(bool Restock = true);

internal sealed record RefundOrder(IReadOnlyList<RefundRequest> Lines);

internal sealed record EditOrder(IReadOnlyList<EditStep> Steps, bool ObeyPolicy = true);

internal sealed record FulfillOrder(IReadOnlyDictionary<long, int>? Lines = null);

internal sealed record MoveOrder(long LocationId, long? FulfillmentOrderId = null);

/// <summary>A line of an order as the control API shows it.</summary>
internal sealed record OrderLineView(
    long Id, long VariantId, long ItemId, string Sku, int Quantity, int CurrentQuantity, int FulfillableQuantity, bool Claimed);

/// <summary>Where an order ships from.</summary>
internal sealed record ShipsFromView(long FulfillmentOrderId, long LocationId, string Status);

/// <summary>An order after an operation, or why it was refused.</summary>
internal sealed record OrderView(
    bool Accepted, OrderRefusal? Refusal, string? Detail, long? Id, string? Gid, string? Name,
    IReadOnlyList<OrderLineView> Lines, IReadOnlyList<ShipsFromView> FulfillmentOrders, DateTimeOffset? UpdatedAt)
{
    /// <summary>Reads the order under its shop's gate.</summary>
    internal static OrderView Of(Shop shop, OrderOutcome outcome)
    {
        if (outcome.Order is not { } order)
        {
            return new OrderView(false, outcome.Refusal, outcome.Detail, null, null, null, [], [], null);
        }

        lock (shop.Gate)
        {
            return new OrderView(
                true, null, null, order.Id, Shopify.Gids.Of("Order", order.Id), order.Name,
                [.. order.Lines.Select(l => new OrderLineView(
                    l.Id, l.VariantId, l.ItemId, l.Sku, l.Quantity, l.CurrentQuantity, l.FulfillableQuantity, l.Claimed))],
                [.. order.FulfillmentOrders.Select(f => new ShipsFromView(f.Id, f.LocationId, f.Status))],
                order.UpdatedAt);
        }
    }
}

/// <summary>Placing and changing single orders.</summary>
internal static class OrderEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, World world)
    {
        routes.MapPost("/orders", async (PlaceOrder request) =>
        {
            if (world.Find(request.Shop) is not { } shop)
            {
                return Refusals.NoStore(request.Shop);
            }

            var outcome = world.Place(shop, new OrderRequest(request.Lines)
            {
                SourceName = request.SourceName ?? "web",
                LocationId = request.LocationId,
                Test = request.Test,
                Name = request.Name,
                Inventory = request.Inventory ?? InventoryBehaviour.DecrementObeyingPolicy,
            });
            return await AnswerAsync(world, shop, outcome);
        });
        routes.MapGet("/orders/{shop}/{id:long}", (string shop, long id) =>
            world.Find(shop) is not { } store ? Refusals.NoStore(shop)
            : Find(store, id) is { } order ? Results.Ok(OrderView.Of(store, new OrderOutcome(order, null)))
            : Results.Problem($"{shop} has no order {id}", statusCode: 404, title: "Unknown order"));
        Operation<CancelOrder>(routes, world, "cancel", (shop, id, r) => OrderDesk.Cancel(world, shop, id, r.Restock));
        Operation<RefundOrder>(routes, world, "refund", (shop, id, r) => OrderDesk.Refund(world, shop, id, r.Lines));
        Operation<EditOrder>(routes, world, "edit", (shop, id, r) => OrderDesk.Edit(world, shop, id, r.Steps, r.ObeyPolicy));
        Operation<FulfillOrder>(routes, world, "fulfill", (shop, id, r) => OrderDesk.Fulfill(world, shop, id, r.Lines));
        Operation<MoveOrder>(
            routes, world, "move", (shop, id, r) => OrderDesk.Move(world, shop, id, r.FulfillmentOrderId, r.LocationId));
    }

    private static Order? Find(Shop shop, long id)
    {
        lock (shop.Gate)
        {
            return shop.OrderById(id);
        }
    }

    private static void Operation<T>(
        IEndpointRouteBuilder routes, World world, string name, Func<Shop, long, T, OrderOutcome> run) =>
        routes.MapPost($"/orders/{{shop}}/{{id:long}}/{name}", async (string shop, long id, T request) =>
            world.Find(shop) is { } store
                ? await AnswerAsync(world, store, run(store, id, request))
                : Refusals.NoStore(shop));

    /// <summary>200 when accepted, 409 when refused; accepted only once the journal has it.</summary>
    private static async Task<IResult> AnswerAsync(World world, Shop shop, OrderOutcome outcome)
    {
        if (world.Journal is { } journal)
        {
            await journal.FlushAsync();
        }

        return Results.Json(OrderView.Of(shop, outcome), statusCode: outcome.Accepted ? 200 : 409);
    }
}
