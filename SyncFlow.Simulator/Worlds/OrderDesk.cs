namespace SyncFlow.Simulator.Worlds;

/// <summary>Order operations with their effects carried out and counted.</summary>
public static class OrderDesk
{
    public static OrderOutcome Cancel(World world, Shop shop, long orderId, bool restock) =>
        Counted(world, "ordersCancelled", shop, (changes, now) => shop.Cancel(orderId, restock, now, changes));

    public static OrderOutcome Refund(World world, Shop shop, long orderId, IReadOnlyList<RefundRequest> lines) =>
        Counted(world, "ordersRefunded", shop, (changes, now) => shop.Refund(orderId, lines, now, changes));

    public static OrderOutcome Edit(World world, Shop shop, long orderId, IReadOnlyList<EditStep> steps, bool obeyPolicy) =>
        Counted(world, "ordersEdited", shop, (changes, now) => shop.Edit(orderId, steps, obeyPolicy, now, changes));

    public static OrderOutcome Fulfill(World world, Shop shop, long orderId, IReadOnlyDictionary<long, int>? parts) =>
        Counted(world, "ordersFulfilled", shop, (changes, now) => shop.Fulfill(orderId, parts, now, changes));

    public static OrderOutcome Move(World world, Shop shop, long orderId, long? fulfillmentOrderId, long locationId) =>
        Counted(world, "ordersMoved", shop, (changes, now) => shop.Move(orderId, fulfillmentOrderId, locationId, now, changes));

    private static OrderOutcome Counted(
        World world, string counter, Shop shop, Func<ShopChanges, DateTimeOffset, OrderOutcome> change)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(shop);
        var outcome = world.Change(shop, (changes, now) =>
        {
            var result = change(changes, now);
            var returned = changes.Moves.Where(m => m.Units < 0).Sum(m => -m.Units);
            var taken = changes.Moves.Where(m => m.Units > 0).Sum(m => m.Units);
            world.Stats.Count("unitsReturned", returned);
            world.Stats.Count("unitsSold", taken);
            return result;
        });
        world.Stats.Count(outcome.Accepted ? counter : counter + ".refused");
        return outcome;
    }
}
