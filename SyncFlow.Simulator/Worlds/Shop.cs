namespace SyncFlow.Simulator.Worlds;

/// <summary>Shopify plans by what they let an app spend.</summary>
public enum ShopPlan
{
    Standard,
    Advanced,
    Plus,
}

/// <summary>
/// One Shopify store: its catalog, levels and orders, and the rules by which it accepts or refuses changes. It is plain
/// state: the caller holds <see cref="Gate"/>, passes the time, and carries out what <see cref="ShopChanges"/> lists.
/// </summary>
public sealed partial class Shop
{
    private readonly List<Variant> _variants = [];
    private readonly Dictionary<long, Variant> _variantsById = [];
    private readonly Dictionary<long, Variant> _variantsByItem = [];
    private readonly Dictionary<string, Variant> _firstBySku = new(StringComparer.Ordinal);
    private readonly Dictionary<(long Item, long Location), Level> _levels = [];
    private readonly SortedDictionary<long, Product> _products = [];
    private readonly List<ShopLocation> _locations = [];
    private readonly Dictionary<long, Order> _orders = [];
    private readonly Dictionary<long, AdjustmentGroup> _groups = [];

    public Shop(string domain, string name, string accessToken, ShopPlan plan, DateTimeOffset createdAt, long idStart, Random random)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(domain);
        Domain = domain;
        Name = name;
        AccessToken = accessToken;
        Plan = plan;
        CreatedAt = createdAt;
        Ids = new IdSource(idStart);
        Random = random;
        Search = new OrderSearchIndex();
        Bucket = new CostBucket(plan, createdAt);
    }

    /// <summary>Serialises every read and change of this shop.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The myshopify domain; the shop's key everywhere.</summary>
    public string Domain { get; }

    public string Name { get; }

    public string AccessToken { get; set; }

    /// <summary>Expiring access of the installed app, beside the lasting token of a custom app.</summary>
    public AppAccess Access { get; } = new();

    /// <summary>The app's subscriptions.</summary>
    public AppBilling Billing { get; } = new();

    /// <summary>The app's plan, where Shopify App Pricing bills.</summary>
    public AppPlan AppPlan { get; } = new();

    /// <summary>Shopify's number of the shop: the same for the same domain.</summary>
    public long Number => 70_000_000_000 + BitConverter.ToUInt32(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Domain)));

    public ShopPlan Plan { get; }

    public DateTimeOffset CreatedAt { get; }

    /// <summary>Access scopes of the installed app.</summary>
    public HashSet<string> Scopes { get; } = new(StringComparer.Ordinal)
    {
        "read_inventory", "write_inventory", "read_products", "read_orders", "write_orders", "read_locations",
        "read_merchant_managed_fulfillment_orders",
    };

    /// <summary>False after the merchant removed the app: no API, no webhooks, but the shop goes on selling.</summary>
    public bool Installed { get; set; } = true;

    public FaultSettings Faults { get; set; } = new();

    public IdSource Ids { get; }

    public OrderSearchIndex Search { get; }

    /// <summary>Webhook subscriptions by id; only what was subscribed through the API is ever sent.</summary>
    public SortedDictionary<long, WebhookSubscription> Subscriptions { get; } = [];

    /// <summary>Webhooks on their way, by their ids: sent again after a restart, as Shopify's retries outlive ours.</summary>
    internal System.Collections.Concurrent.ConcurrentDictionary<Guid, UndeliveredWebhook> Undelivered { get; } = new();

    public SortedDictionary<long, BulkOperation> BulkOperations { get; } = [];

    public IdempotencyStore Idempotency { get; } = new();

    public CostBucket Bucket { get; }

    public IReadOnlyList<ShopLocation> Locations => _locations;

    /// <summary>Variants in the order of their item ids.</summary>
    public IReadOnlyList<Variant> Variants => _variants;

    public IReadOnlyCollection<Product> Products => _products.Values;

    public IReadOnlyCollection<Level> Levels => _levels.Values;

    public IReadOnlyCollection<Order> Orders => _orders.Values;

    internal IReadOnlyCollection<AdjustmentGroup> Groups => _groups.Values;

    internal Random Random { get; }

    public Variant? VariantById(long id) => _variantsById.GetValueOrDefault(id);

    public Variant? VariantByItem(long itemId) => _variantsByItem.GetValueOrDefault(itemId);

    /// <summary>The first variant of a SKU; null when the shop has none.</summary>
    public Variant? VariantBySku(string sku) => _firstBySku.GetValueOrDefault(sku);

    public Product? ProductById(long id) => _products.GetValueOrDefault(id);

    public ShopLocation? LocationById(long id) => _locations.Find(l => l.Id == id);

    public Level? Level(long itemId, long locationId) => _levels.GetValueOrDefault((itemId, locationId));

    public Order? OrderById(long id) => _orders.GetValueOrDefault(id);

    internal AdjustmentGroup? GroupById(long id) => _groups.GetValueOrDefault(id);

    /// <summary>What the shop may sell online of an item: available over active locations that fulfil online orders.</summary>
    public int SellableOnline(Variant variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        var sum = 0;
        foreach (var level in variant.Levels)
        {
            if (level.IsActive && LocationById(level.LocationId) is { IsActive: true, FulfillsOnlineOrders: true })
            {
                sum += level[StockState.Available];
            }
        }

        return sum;
    }

    internal void Put(ShopLocation location)
    {
        Ids.Skip(IdKind.Location, location.Id);
        var at = _locations.FindIndex(l => l.Id == location.Id);
        if (at >= 0)
        {
            _locations[at] = location;
        }
        else
        {
            _locations.Add(location);
        }
    }

    internal void Put(Product product)
    {
        RemoveProduct(product.Id, keepLevels: true);
        product.Variants.ForEach(v => v.Levels.Clear());
        _products[product.Id] = product;
        Ids.Skip(IdKind.Product, product.Id);
        foreach (var variant in product.Variants)
        {
            Ids.Skip(IdKind.Variant, variant.Id);
            Ids.Skip(IdKind.Item, variant.ItemId);
            var at = _variants.BinarySearch(variant, ByItem.Instance);
            _variants.Insert(at >= 0 ? at : ~at, variant);
            _variantsById[variant.Id] = variant;
            _variantsByItem[variant.ItemId] = variant;
            _firstBySku.TryAdd(variant.Sku, variant);
            foreach (var location in _locations)
            {
                if (_levels.TryGetValue((variant.ItemId, location.Id), out var level))
                {
                    variant.Levels.Add(level);
                }
            }
        }
    }

    internal void RemoveProduct(long id, bool keepLevels = false)
    {
        if (!_products.Remove(id, out var product))
        {
            return;
        }

        foreach (var variant in product.Variants)
        {
            _variants.Remove(variant);
            _variantsById.Remove(variant.Id);
            _variantsByItem.Remove(variant.ItemId);
            if (_firstBySku.TryGetValue(variant.Sku, out var first) && ReferenceEquals(first, variant))
            {
                _firstBySku.Remove(variant.Sku);
                if (_variants.Find(v => v.Sku == variant.Sku) is { } next)
                {
                    _firstBySku[variant.Sku] = next;
                }
            }

            if (!keepLevels)
            {
                foreach (var level in variant.Levels)
                {
                    _levels.Remove((level.ItemId, level.LocationId));
                }
            }
        }
    }

    internal void Put(Level level)
    {
        if (_levels.TryGetValue((level.ItemId, level.LocationId), out var old))
        {
            _variantsByItem.GetValueOrDefault(level.ItemId)?.Levels.Remove(old);
        }

        _levels[(level.ItemId, level.LocationId)] = level;
        _variantsByItem.GetValueOrDefault(level.ItemId)?.Levels.Add(level);
    }

    internal void Put(AdjustmentGroup group)
    {
        Ids.Skip(IdKind.Group, group.Id);
        Keep(group);
    }

    /// <summary>Restores an order from the journal; the search index knows it at once.</summary>
    internal void Put(Order order)
    {
        Ids.Skip(IdKind.Order, order.Id);
        if (_orders.TryGetValue(order.Id, out var old))
        {
            Search.Forget(old);
        }

        _orders[order.Id] = order;
        Search.Add(order);
    }

    private sealed class ByItem : IComparer<Variant>
    {
        public static readonly ByItem Instance = new();

        public int Compare(Variant? x, Variant? y) => x!.ItemId.CompareTo(y!.ItemId);
    }
}
