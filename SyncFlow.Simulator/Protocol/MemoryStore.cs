using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One tenant's state in memory. It does what the database does for the rules: gives a batch what its references touch,
/// and takes back what the batch changed, all or nothing.
/// </summary>
internal sealed partial class MemoryStore(EngineContext context)
{
    private readonly Dictionary<SkuId, SkuState> _skus = [];
    private readonly Dictionary<(ConnectionId, string), OrderState> _orders = [];
    private readonly Dictionary<(ConnectionId, string), ListingInfo> _byVariant = [];
    private readonly Dictionary<(ConnectionId, string), ListingInfo> _byItem = [];
    private readonly Dictionary<SkuId, List<ListingInfo>> _listings = [];
    private readonly Dictionary<LevelId, SkuId> _levels = [];
    private readonly Dictionary<SkuId, HashSet<SkuId>> _tied = [];
    private readonly HashSet<string> _movements = [];
    private readonly HashSet<(ConnectionId?, string, DateOnly)> _received = [];

    /// <summary>The tenant's configuration; a batch gets it as it is when it loads.</summary>
    public EngineContext Context { get; set; } = context;

    /// <summary>Rises with everything that is saved.</summary>
    public int Version { get; private set; }

    /// <summary>The ledger, in order.</summary>
    public List<LedgerEntry> Entries { get; } = [];

    /// <summary>How levels stood after each batch that changed them and named itself, in order.</summary>
    public List<LevelMoment> History { get; } = [];

    /// <summary>A batch was taken back.</summary>
    public event Action<WorkingSet>? Saved;

    /// <summary>Pools that were opened, in order.</summary>
    public List<PoolOpening> Openings { get; } = [];

    /// <summary>Incidents, each key once.</summary>
    public Dictionary<string, Incident> Incidents { get; } = [];

    /// <summary>Keys of incidents that are open.</summary>
    public HashSet<string> OpenIncidents { get; } = [];

    /// <summary>Drift cases, in order.</summary>
    public List<DriftCase> Drift { get; } = [];

    public IReadOnlyCollection<SkuState> Skus => _skus.Values;

    /// <summary>Puts a SKU in as it is at the start.</summary>
    public void Add(SkuState sku, IEnumerable<ListingInfo> listings)
    {
        ArgumentNullException.ThrowIfNull(sku);
        _skus[sku.Sku] = sku;
        _listings[sku.Sku] = [.. listings];
        foreach (var listing in _listings[sku.Sku])
        {
            _byVariant[(listing.Connection, listing.VariantRef)] = listing;
            _byItem[(listing.Connection, listing.ItemRef)] = listing;
        }

        foreach (var level in sku.Levels)
        {
            _levels[level.Id] = sku.Sku;
        }

        Tie(sku);
    }

    /// <summary>A SKU as it stands.</summary>
    public SkuState Sku(SkuId sku) => _skus[sku];

    /// <summary>An order as last applied, or null.</summary>
    public OrderState? FindOrder(ConnectionId connection, string orderRef) => _orders.GetValueOrDefault((connection, orderRef));

    /// <summary>Everything that facts with these references may change.</summary>
    public WorkingSet Load(Refs refs)
    {
        ArgumentNullException.ThrowIfNull(refs);
        var orders = refs.Orders.Select(o => FindOrder(o.Connection, o.OrderRef)).OfType<OrderState>().ToList();
        var skus = refs.Skus.ToHashSet();
        skus.UnionWith(orders.SelectMany(o => o.Applied).Select(row => row.Sku));
        skus.UnionWith(refs.Variants.Where(_byVariant.ContainsKey).Select(v => _byVariant[v].Sku));
        skus.UnionWith(refs.Items.Where(_byItem.ContainsKey).Select(i => _byItem[i].Sku));
        skus.UnionWith(refs.Levels.Where(_levels.ContainsKey).Select(l => _levels[l]));
        var set = LoadSkus(skus);
        foreach (var order in orders)
        {
            set.Load(order);
        }

        foreach (var key in refs.Movements.Where(_movements.Contains))
        {
            set.LoadSeenMovement(key);
        }

        Load(set, refs.Operations);
        return set;
    }

    /// <summary>SKUs with their listings.</summary>
    public WorkingSet LoadSkus(IEnumerable<SkuId> skus)
    {
        ArgumentNullException.ThrowIfNull(skus);
        var set = new WorkingSet(Context);
        foreach (var sku in (_tied.Count == 0 ? skus : skus.SelectMany(TiedTo).Distinct()).Where(_skus.ContainsKey))
        {
            set.Load(_skus[sku]);
            _listings[sku].ForEach(set.Load);
        }

        return set;
    }

    /// <summary>A SKU with what kits tie to it.</summary>
    public Cluster ClusterOf(SkuId sku) =>
        _tied.TryGetValue(sku, out var tied) ? Cluster.Of(tied.Select(t => _skus[t]), Context) : Cluster.Alone(_skus[sku], Context);

    private IEnumerable<SkuId> TiedTo(SkuId sku) => _tied.TryGetValue(sku, out var tied) ? tied : [sku];

    /// <summary>What a kit is made of, and whatever else is made of the same, is loaded together.</summary>
    private void Tie(SkuState kit)
    {
        var all = kit.Components.Select(c => c.Sku).Append(kit.Sku).SelectMany(TiedTo).ToHashSet();
        foreach (var member in kit.IsKit ? all : [])
        {
            _tied[member] = all;
        }
    }

    /// <summary>Takes back what a batch changed.</summary>
    public void Save(WorkingSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        if (set.ChangedLevels.Any(l => !_levels.ContainsKey(l.Level.Id)))
        {
            throw new InvalidOperationException("What is saved must have been loaded: a level is not there.");
        }

        Version++;
        foreach (var sku in set.ChangedSkus)
        {
            _skus[sku.Sku] = sku;
        }

        foreach (var order in set.ChangedOrders)
        {
            _orders[(order.Connection, order.OrderRef)] = order;
        }

        SaveOperations(set);
        _movements.UnionWith(set.NewMovements);
        Entries.AddRange(set.Entries);
        Openings.AddRange(set.Openings);
        Drift.AddRange(set.Drift);
        OpenIncidents.ExceptWith(set.Cured);
        foreach (var incident in set.Incidents)
        {
            OpenIncidents.Add(incident.Key);
            Incidents.TryAdd(incident.Key, incident);
        }

        Saved?.Invoke(set);
    }

    /// <summary>Takes back what a batch changed, and keeps how its levels stand now.</summary>
    /// <param name="cause">What the batch was, in a few words.</param>
    /// <param name="at">The moment of the decision.</param>
    public void Save(WorkingSet set, string cause, DateTimeOffset at)
    {
        Save(set);
        History.AddRange(set.ChangedLevels.Select(l => new LevelMoment(l.Level, set.FindSku(l.Sku)!.Mode, cause, at)));
    }

    /// <summary>Notes that an event arrived; false when one of its name came from the connection on that day before.</summary>
    public bool Receive(ConnectionId? connection, string webhookId, DateOnly day) => _received.Add((connection, webhookId, day));
}

/// <summary>How a level stood after a batch that changed it.</summary>
internal sealed record LevelMoment(LevelState Level, EffectiveMode Mode, string Cause, DateTimeOffset At);
