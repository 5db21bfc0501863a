using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Control;

/// <summary>
/// A merchant's hand edit of one level: a state set to a quantity or moved by a delta. With <see cref="Physical"/> the
/// things themselves came or went too; without it only the number in the store changes.
/// </summary>
internal sealed record EditLevel(
    string Shop, string? Sku = null, long? ItemId = null, long? LocationId = null, string? State = null,
    int? Quantity = null, int? Delta = null, bool Physical = false);

/// <summary>A level with all its states.</summary>
internal sealed record LevelView(
    string Shop, string Sku, long ItemId, long VariantId, long LocationId, bool Active, DateTimeOffset UpdatedAt,
    IReadOnlyDictionary<string, int> Quantities)
{
    internal static LevelView Of(Shop shop, Variant variant, Level level) => new(
        shop.Domain, variant.Sku, variant.ItemId, variant.Id, level.LocationId, level.IsActive, level.UpdatedAt,
        StockStates.All.ToDictionary(s => s.Name, s => level[s.State]));
}

/// <summary>Reading levels, and editing them as a merchant would in the admin.</summary>
internal static class LevelEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, World world)
    {
        routes.MapGet("/levels", (string? shop, string? sku) =>
        {
            if (shop is not null && world.Find(shop) is null)
            {
                return Refusals.NoStore(shop);
            }

            return Results.Ok(world.Shops.Where(s => shop is null || s.Domain == shop).SelectMany(s => Read(s, sku)).ToList());
        });
        routes.MapPut("/levels", async (EditLevel edit) =>
        {
            var result = Edit(world, edit);
            if (world.Journal is { } journal)
            {
                await journal.FlushAsync();
            }

            return result;
        });
    }

    private static List<LevelView> Read(Shop shop, string? sku)
    {
        lock (shop.Gate)
        {
            return [.. shop.Variants.Where(v => sku is null || v.Sku == sku)
                .SelectMany(v => v.Levels.OrderBy(l => l.LocationId), (v, l) => LevelView.Of(shop, v, l))];
        }
    }

    private static IResult Edit(World world, EditLevel edit)
    {
        if (world.Find(edit.Shop) is not { } shop)
        {
            return Refusals.NoStore(edit.Shop);
        }

        if (StockStates.Parse(edit.State ?? "available") is not { } state || state == StockState.OnHand)
        {
            return Refusals.Field("state", "must be a stored state: available, committed, incoming, reserved, damaged, safety_stock or quality_control");
        }

        if ((edit.Quantity is null) == (edit.Delta is null))
        {
            return Refusals.Field("quantity", "give either quantity or delta");
        }

        return world.Change(shop, (changes, now) =>
        {
            var variant = edit.ItemId is { } id ? shop.VariantByItem(id) : edit.Sku is { } sku ? shop.VariantBySku(sku) : null;
            if (variant is null)
            {
                return Refusals.Field("sku", "the store has no such item");
            }

            var locationId = edit.LocationId ?? shop.Locations[0].Id;
            if (shop.Level(variant.ItemId, locationId) is not { } level)
            {
                return Refusals.Field("locationId", "the item is not stocked there");
            }

            var delta = edit.Delta ?? (edit.Quantity!.Value - level[state]);
            shop.EditByHand(level, state, delta, now, changes);
            if (edit.Physical)
            {
                world.Truth.Declare(variant.Sku, delta);
            }

            return Results.Ok(LevelView.Of(shop, variant, level));
        });
    }
}
