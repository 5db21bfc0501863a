using SyncFlow.Simulator.BackOffice;
using SyncFlow.Simulator.Buyers;
using SyncFlow.Simulator.Webhooks;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>The control API under <c>/sandbox</c>.</summary>
internal static class ControlEndpoints
{
    internal static void Map(IEndpointRouteBuilder app, World world, BuyerCrowd buyers, WebhookSender webhooks, Office office)
    {
        var routes = app.MapGroup("/sandbox");
        routes.MapGet("/stores", () => world.Shops.Select(s => StoreView.Of(s)));
        routes.MapGet("/stats", () => StatsView.Of(world, webhooks.Pending));
        routes.MapGet("/truth", (bool? oversoldOnly) => TruthView.Of(world, oversoldOnly ?? false));
        routes.MapGet("/buyers", () => buyers.Settings is { } settings ? Results.Ok(settings) : Results.NoContent());
        routes.MapPost("/buyers", async (BuyerSettings settings) =>
        {
            if (settings.Problem() is var (field, reason))
            {
                return Refusals.Field(field, reason);
            }

            foreach (var domain in settings.Shops)
            {
                if (world.Find(domain) is null)
                {
                    return Refusals.NoStore(domain);
                }
            }

            await buyers.StartAsync(settings);
            return Results.Ok(settings);
        });
        routes.MapDelete("/buyers", async () =>
        {
            await buyers.StopAsync();
            return Results.NoContent();
        });
        routes.MapPut("/faults/{shop}", (string shop, FaultSettings faults) =>
        {
            if (world.Find(shop) is not { } store)
            {
                return Refusals.NoStore(shop);
            }

            if (faults.Problem() is var (field, reason))
            {
                return Refusals.Field(field, reason);
            }

            store.Faults = faults;
            return Results.Ok(faults);
        });
        routes.MapGet("/faults/{shop}", (string shop) =>
            world.Find(shop) is { } store ? Results.Ok(store.Faults) : Refusals.NoStore(shop));
        OrderEndpoints.Map(routes, world);
        LevelEndpoints.Map(routes, world);
        CatalogEndpoints.Map(routes, world);
        BillingEndpoints.Map(routes, world);
        OfficeEndpoints.Map(routes, office);
    }
}
