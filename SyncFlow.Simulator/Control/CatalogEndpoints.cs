using SyncFlow.Simulator.Journaling;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>A product with one variant to add; stocked at every location with <see cref="Available"/> in the first.</summary>
internal sealed record AddProduct(
    string Sku, string Title = "New product", int Available = 0, bool Tracked = true, bool ContinueSelling = false,
    bool Physical = false);

/// <summary>What to change of an item; members left out stay.</summary>
internal sealed record ChangeItem(
    string? Sku = null, bool? Tracked = null, bool? ContinueSelling = null, bool? IsBundleParent = null,
    bool? HideErrorIndex = null, bool? HeldByService = null);

internal sealed record AddLocation(string Name, bool FulfillsOnline = true);

/// <summary>A product as the control API answers it.</summary>
internal sealed record ProductView(long ProductId, long VariantId, long ItemId, string Sku);

/// <summary>Catalog, locations and the app's installation, changed as a merchant would.</summary>
internal static class CatalogEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, World world)
    {
        routes.MapPost("/products/{shop}", (string shop, AddProduct request) => Run(world, shop, (store, changes, now) =>
        {
            if (request.Available < 0)
            {
                return Refusals.Field(nameof(request.Available), "must not be negative");
            }

            var product = store.AddProduct(request.Title, request.Sku, request.Tracked, request.ContinueSelling, request.Available, now, changes);
            if (request.Physical)
            {
                world.Truth.Declare(request.Sku, request.Available);
            }

            var variant = product.Variants[0];
            return Results.Ok(new ProductView(product.Id, variant.Id, variant.ItemId, variant.Sku));
        }));
        routes.MapDelete("/products/{shop}/{id:long}", (string shop, long id) => Run(world, shop, (store, changes, now) =>
            store.DeleteProduct(id, changes) ? Results.NoContent() : NoSuch("product", id)));
        routes.MapPatch("/items/{shop}/{id:long}", (string shop, long id, ChangeItem request) =>
            Run(world, shop, (store, changes, now) =>
            {
                if (store.VariantByItem(id) is not { } variant)
                {
                    return NoSuch("item", id);
                }

                store.ChangeItem(variant, request.Sku, request.Tracked, request.ContinueSelling, now, changes);
                variant.IsBundleParent = request.IsBundleParent ?? variant.IsBundleParent;
                variant.HeldByService = request.HeldByService ?? variant.HeldByService;
                variant.HideErrorIndex = request.HideErrorIndex ?? variant.HideErrorIndex;
                return Results.Ok(new ProductView(variant.ProductId, variant.Id, variant.ItemId, variant.Sku));
            }));
        routes.MapPost("/locations/{shop}", (string shop, AddLocation request) => Run(world, shop, (store, changes, now) =>
        {
            var location = store.AddLocation(request.Name, request.FulfillsOnline, now, changes);
            return Results.Ok(new LocationView(location.Id, location.Name, true, location.FulfillsOnlineOrders));
        }));
        foreach (var active in new[] { true, false })
        {
            routes.MapPost($"/locations/{{shop}}/{{id:long}}/{(active ? "activate" : "deactivate")}", (string shop, long id, long? destinationId) =>
                Run(world, shop, (store, changes, now) =>
                {
                    if (store.LocationById(id) is not { } location)
                    {
                        return NoSuch("location", id);
                    }

                    if (destinationId is null)
                    {
                        store.Switch(location, active, now, changes);
                        return Results.NoContent();
                    }

                    return !active && store.LocationById(destinationId.Value) is { } destination
                        && store.CloseInto(location, destination, now, changes)
                        ? Results.NoContent()
                        : Refusals.Field("destinationId", "must be another open location of the store, and only when deactivating");
                }));
        }

        MapInstallation(routes, world);
        MapScopes(routes, world);
    }

    private static void MapInstallation(IEndpointRouteBuilder routes, World world)
    {
        routes.MapPost("/stores/{shop}/uninstall", (string shop) => Run(world, shop, (store, changes, now) =>
        {
            // The webhook must leave before the subscriptions go.
            changes.Tell("app/uninstalled", store);
            world.Commit(store, changes, now);
            store.Installed = false;
            store.Access.End();
            world.Journal?.Append("access", store, store.Access);
            store.Subscriptions.Clear();
            world.Journal?.Append("shop", store, ShopRecord.Of(store));
            return Results.NoContent();
        }, commit: false));
        routes.MapPost("/stores/{shop}/install", (string shop) => Run(world, shop, (store, changes, now) =>
        {
            store.Installed = true;
            store.AccessToken = $"shpat_{world.NewId():N}";
            world.Journal?.Append("shop", store, ShopRecord.Of(store));
            return Results.Ok(new { store.AccessToken });
        }));
    }

    /// <summary>What the app was granted changes; the app is told.</summary>
    private static void MapScopes(IEndpointRouteBuilder routes, World world) =>
        routes.MapPut("/stores/{shop}/scopes", (string shop, string[] scopes) => Run(world, shop, (store, changes, now) =>
        {
            store.Scopes.Clear();
            store.Scopes.UnionWith(scopes);
            changes.Tell("app/scopes_update", store);
            world.Journal?.Append("shop", store, ShopRecord.Of(store));
            return Results.NoContent();
        }));

    private static IResult NoSuch(string what, long id) =>
        Results.Problem($"the store has no {what} {id}", statusCode: 404, title: $"Unknown {what}");

    private static async Task<IResult> Run(
        World world, string shop, Func<Shop, ShopChanges, DateTimeOffset, IResult> change, bool commit = true)
    {
        if (world.Find(shop) is not { } store)
        {
            return Refusals.NoStore(shop);
        }

        IResult result;
        if (commit)
        {
            result = world.Change(store, (changes, now) => change(store, changes, now));
        }
        else
        {
            lock (store.Gate)
            {
                result = change(store, new ShopChanges(), world.Clock.GetUtcNow());
            }
        }

        if (world.Journal is { } journal)
        {
            await journal.FlushAsync();
        }

        return result;
    }
}
