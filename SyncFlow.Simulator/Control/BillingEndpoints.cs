using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>What merchant and Shopify do with subscriptions: approve, decline, stop paying, pay again.</summary>
internal static class BillingEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, World world)
    {
        routes.MapPost("/stores/{shop}/subscriptions/{id:long}/approve", (string shop, long id) => Move(world, shop, (billing, now) => billing.Approve(id, now)));
        routes.MapPost("/stores/{shop}/subscriptions/{id:long}/decline", (string shop, long id) => Move(world, shop, (billing, _) => billing.Move(id, ["PENDING"], "DECLINED")));
        routes.MapPost("/stores/{shop}/subscriptions/{id:long}/freeze", (string shop, long id) => Move(world, shop, (billing, _) => billing.Move(id, ["ACTIVE"], "FROZEN")));
        routes.MapPost("/stores/{shop}/subscriptions/{id:long}/thaw", (string shop, long id) => Move(world, shop, (billing, _) => billing.Move(id, ["FROZEN"], "ACTIVE")));
        routes.MapGet("/stores/{shop}/subscriptions", (string shop) => world.Find(shop) is not { } store
            ? Refusals.NoStore(shop)
            : Listed(store, world.Clock.GetUtcNow()));
    }

    private static IResult Listed(Shop store, DateTimeOffset now)
    {
        lock (store.Gate)
        {
            store.Billing.Advance(now);
            return Results.Ok(store.Billing.Subscriptions.Select(s => new
            {
                s.Id,
                s.Name,
                s.Status,
                s.Test,
                s.TrialDays,
                s.PeriodEnd,
                Cap = s.Usage?.Cap,
                Used = store.Billing.Used(now),
                Records = s.Records.Select(r => new { r.Id, r.Price, r.Key, r.Description }).ToList(),
            }).ToList());
        }
    }

    private static IResult Move(World world, string shop, Func<AppBilling, DateTimeOffset, bool> move)
    {
        if (world.Find(shop) is not { } store)
        {
            return Refusals.NoStore(shop);
        }

        return world.Change(store, (changes, now) =>
        {
            if (!move(store.Billing, now))
            {
                return Results.Problem("the subscription is not there, or not in a status for this", statusCode: 409, title: "Not possible");
            }

            changes.Tell("app_subscriptions/update", store);
            world.Journal?.Append("billing", store, store.Billing.Subscriptions);
            return Results.NoContent();
        });
    }
}
