namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// Builds the sandbox: stores that sell the same SKUs out of one physical stock. The first store's levels show that
/// stock; the others start at zero, and it is for the synchroniser to fill them.
/// </summary>
internal static class WorldBuilder
{
    private static readonly (string Domain, string Name, ShopPlan Plan)[] Known =
    [
        ("alpine-outdoor.myshopify.com", "Alpine Outdoor", ShopPlan.Plus),
        ("alpine-outlet.myshopify.com", "Alpine Outlet", ShopPlan.Standard),
        ("alpine-wholesale.myshopify.com", "Alpine Wholesale", ShopPlan.Plus),
    ];

    private static readonly string[] Things =
    [
        "Tent", "Rope", "Harness", "Boot", "Jacket", "Stove", "Lamp", "Pack", "Axe", "Glove", "Helmet", "Bottle", "Pole",
        "Sock", "Mat", "Bag", "Knife", "Compass", "Whistle", "Towel",
    ];

    private static readonly string[] Sizes = ["XS", "S", "M", "L", "XL"];

    internal static World Build(SimulatorOptions options, TimeProvider clock)
    {
        var world = new World(clock, options.Seed);
        var now = clock.GetUtcNow();
        var stock = new Random(options.Seed);
        var skus = Enumerable.Range(0, options.Skus)
            .Select(i => (Sku: SkuOf(i), Title: $"{Things[i % Things.Length]} {(i / Things.Length) + 1}", Units: stock.Next(options.MinStock, options.MaxStock + 1)))
            .ToList();
        for (var s = 0; s < options.Stores; s++)
        {
            var shop = NewShop(options, s, now);
            for (var l = 0; l < (s == 0 ? options.MainLocations : 1); l++)
            {
                shop.Put(new ShopLocation
                {
                    Id = shop.Ids.Next(IdKind.Location),
                    Name = l == 0 ? $"{shop.Name} warehouse" : $"{shop.Name} shop {l}",
                    CreatedAt = now,
                    UpdatedAt = now,
                });
            }

            AddProducts(shop, skus, holdsStock: s == 0, now);
            if (options.DirtyCatalog && s == Math.Min(1, options.Stores - 1))
            {
                AddDirt(shop, skus[0].Sku, now);
            }

            world.Add(shop);
        }

        foreach (var (sku, _, units) in skus)
        {
            world.Truth.Declare(sku, units);
        }

        return world;
    }

    internal static Shop NewShop(SimulatorOptions options, int index, DateTimeOffset now)
    {
        var (domain, name, plan) = index < Known.Length
            ? Known[index]
            : ($"alpine-store-{index + 1}.myshopify.com", $"Alpine Store {index + 1}", index % 2 == 0 ? ShopPlan.Plus : ShopPlan.Standard);
        var random = new Random(HashCode(options.Seed, index));
        return new Shop(domain, name, $"shpat_sandbox_{index + 1}", plan, now, (index + 1) * 100_000_000L, random);
    }

    private static int HashCode(int seed, int index) => unchecked((seed * 397) ^ (index * 7919));

    private static string SkuOf(int index) => $"ALP-{index + 1:D5}";

    private static void AddProducts(
        Shop shop, List<(string Sku, string Title, int Units)> skus, bool holdsStock, DateTimeOffset now)
    {
        var at = 0;
        while (at < skus.Count)
        {
            // Products of one to four variants, so that product and variant counts differ.
            var size = Math.Min(1 + (at % 4), skus.Count - at);
            var product = NewProduct(shop, skus[at].Title, now);
            for (var i = 0; i < size; i++)
            {
                product.Variants.Add(NewVariant(shop, product, skus[at + i].Sku, Sizes[i], i + 1, now));
            }

            shop.Put(product);
            for (var i = 0; i < size; i++)
            {
                Stock(shop, product.Variants[i], holdsStock ? skus[at + i].Units : 0, now);
            }

            at += size;
        }
    }

    /// <summary>Spreads units over the shop's locations: four fifths in the first, the rest evenly.</summary>
    private static void Stock(Shop shop, Variant variant, int units, DateTimeOffset now)
    {
        var others = shop.Locations.Count - 1;
        var each = others == 0 ? 0 : units / 5 / others;
        for (var l = 0; l < shop.Locations.Count; l++)
        {
            var level = new Level
            {
                ItemId = variant.ItemId,
                LocationId = shop.Locations[l].Id,
                CreatedAt = now,
                UpdatedAt = now,
            };
            level.Add(StockState.Available, l == 0 ? units - (each * others) : each, now);
            shop.Put(level);
        }
    }

    private static void AddDirt(Shop shop, string takenSku, DateTimeOffset now)
    {
        foreach (var (title, sku, tracked) in new[]
        {
            ("Second listing of a SKU", takenSku, true), ("Item without a SKU", "", true), ("Gift wrapping", "ALP-WRAP", false),
        })
        {
            var product = NewProduct(shop, title, now);
            var variant = NewVariant(shop, product, sku, "Default Title", 1, now);
            variant.Tracked = tracked;
            product.Variants.Add(variant);
            shop.Put(product);
            Stock(shop, variant, 0, now);
        }
    }

    internal static Product NewProduct(Shop shop, string title, DateTimeOffset now) => new()
    {
        Id = shop.Ids.Next(IdKind.Product),
        Title = title,
        CreatedAt = now,
        UpdatedAt = now,
    };

    internal static Variant NewVariant(Shop shop, Product product, string sku, string title, int position, DateTimeOffset now) => new()
    {
        Id = shop.Ids.Next(IdKind.Variant),
        ItemId = shop.Ids.Next(IdKind.Item),
        ProductId = product.Id,
        Title = title,
        Sku = sku,
        Position = position,
        CreatedAt = now,
        UpdatedAt = now,
    };
}
