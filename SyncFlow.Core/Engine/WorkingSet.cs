using System.Collections.Immutable;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Preorders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Engine;

/// <summary>
/// The state a batch of facts is folded over: what storage loaded under locks goes in, what it has to write comes out.
/// It holds values and does no I/O; one batch, one instance, one thread.
/// </summary>
public sealed class WorkingSet(EngineContext context)
{
    private readonly Dictionary<SkuId, SkuState> _skus = [];
    private readonly Dictionary<SkuId, SkuState> _loaded = [];
    private readonly Dictionary<LevelId, SkuId> _levels = [];
    private readonly Dictionary<(ConnectionId, string), OrderState> _orders = [];
    private readonly List<ListingInfo> _listings = [];
    private readonly Dictionary<(ConnectionId, string), ListingInfo> _byVariant = [];
    private readonly Dictionary<(ConnectionId, string), ListingInfo> _byItem = [];
    private readonly HashSet<string> _seenMovements = [];
    private readonly List<SkuId> _kits = [];
    private readonly HashSet<SkuId> _changedSkus = [];
    private readonly HashSet<LevelId> _changedLevels = [];
    private readonly HashSet<SkuId> _changedPaces = [];
    private readonly HashSet<(ConnectionId, string)> _changedOrders = [];
    private readonly HashSet<string> _newMovements = [];
    private readonly HashSet<(RequestId, int)> _changedRequests = [];
    private readonly Dictionary<SkuId, DateTimeOffset> _causes = [];
    private readonly Dictionary<(SkuId, LocationId), PoolOpening> _openings = [];

    /// <summary>The tenant's configuration.</summary>
    public EngineContext Context { get; } = context;

    /// <summary>Entries to append, in order.</summary>
    public List<LedgerEntry> Entries { get; } = [];

    /// <summary>Calls to be made later; their answers come back as facts.</summary>
    public List<WorkItem> Work { get; } = [];

    /// <summary>Differences that nobody's order explains.</summary>
    public List<DriftCase> Drift { get; } = [];

    /// <summary>What a person must look at.</summary>
    public List<Incident> Incidents { get; } = [];

    /// <summary>Listings that were archived, or are back: what each shall be from now on.</summary>
    public Dictionary<ListingId, bool> ListingsActive { get; } = [];

    /// <summary>Keys of incidents whose cause is gone.</summary>
    public List<string> Cured { get; } = [];

    /// <summary>Shortages that arose, changed or ended.</summary>
    public List<OversellSeen> Oversells { get; } = [];

    /// <summary>Pushed decreases that a drained reading confirmed: level and the moment up to which.</summary>
    public List<Verification> Verifications { get; } = [];

    /// <summary>Counts that late facts may reopen, and those to write back.</summary>
    public CountBook Counts { get; } = new();

    /// <summary>What sources reported before, and what of it is to be written back.</summary>
    public SourceBook Sources { get; } = new();

    /// <summary>Units on hand that are not sold, by condition, where operations of the batch take some of them.</summary>
    public Dictionary<(SkuId, LocationId, StockCondition), int> Unavailable { get; } = [];

    /// <summary>Connections whose state a fact changed.</summary>
    public List<ConnectionChange> ConnectionChanges { get; } = [];

    /// <summary>When the oldest cause of this batch's changes to a SKU happened, by the reporter's clock.</summary>
    public DateTimeOffset? CauseOf(SkuId sku) => _causes.TryGetValue(sku, out var at) ? at : null;

    /// <summary>SKUs to write back, with their pools.</summary>
    public IEnumerable<SkuState> ChangedSkus => _changedSkus.Select(id => _skus[id]);

    /// <summary>Levels to write back.</summary>
    public IEnumerable<(SkuId Sku, LevelState Level)> ChangedLevels =>
        ChangedSkus.SelectMany(s => s.Levels.Where(l => _changedLevels.Contains(l.Id)).Select(l => (s.Sku, l)));

    /// <summary>SKUs whose channels have other weights than were noted last.</summary>
    public IEnumerable<SkuState> ChangedPaces => _changedPaces.Select(id => _skus[id]);

    /// <summary>Lines of requests to write back.</summary>
    public IEnumerable<(SkuId Sku, RequestLine Line)> ChangedRequests => ChangedSkus.SelectMany(
        s => s.Requests.Where(r => _changedRequests.Contains((r.Request, r.Number))).Select(r => (s.Sku, r)));

    /// <summary>Orders to write back.</summary>
    public IEnumerable<OrderState> ChangedOrders => _changedOrders.Select(key => _orders[key]);

    /// <summary>Movement keys to store.</summary>
    public IReadOnlyCollection<string> NewMovements => _newMovements;

    /// <summary>Pools that were opened, or have other units aside, since they were loaded: entries alone do not tell.</summary>
    public IReadOnlyCollection<PoolOpening> Openings => _openings.Values;

    /// <summary>All SKUs loaded.</summary>
    public IEnumerable<SkuState> Skus => _skus.Values;

    /// <summary>Loaded SKUs that are kits.</summary>
    public IReadOnlyList<SkuId> Kits => _kits;

    /// <summary>Puts loaded state in; storage calls it before the fold.</summary>
    public void Load(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        _skus[sku.Sku] = sku;
        _loaded[sku.Sku] = sku;
        foreach (var level in sku.Levels)
        {
            _levels[level.Id] = sku.Sku;
        }

        if (sku.IsKit)
        {
            _kits.Add(sku.Sku);
        }
    }

    /// <inheritdoc cref="Load(SkuState)"/>
    public void Load(OrderState order)
    {
        ArgumentNullException.ThrowIfNull(order);
        _orders[(order.Connection, order.OrderRef)] = order;
    }

    /// <inheritdoc cref="Load(SkuState)"/>
    public void Load(ListingInfo listing)
    {
        ArgumentNullException.ThrowIfNull(listing);
        _listings.Add(listing);
    }

    /// <summary>Marks movement keys that the ledger has already.</summary>
    public void LoadSeenMovement(string key) => _seenMovements.Add(key);

    public SkuState? FindSku(SkuId sku) => _skus.GetValueOrDefault(sku);

    /// <summary>The SKU that a loaded level belongs to, or null.</summary>
    public SkuState? FindSku(LevelId level) => _levels.TryGetValue(level, out var sku) ? _skus.GetValueOrDefault(sku) : null;

    /// <summary>A SKU as it was before the batch: what storage compares with to write no more than changed.</summary>
    public SkuState? FindLoaded(SkuId sku) => _loaded.GetValueOrDefault(sku);

    public OrderState? FindOrder(ConnectionId connection, string orderRef) =>
        _orders.GetValueOrDefault((connection, orderRef));

    public ListingInfo? FindListingByVariant(ConnectionId connection, string? variantRef) =>
        variantRef is null ? null : Indexed(_byVariant).GetValueOrDefault((connection, variantRef));

    public ListingInfo? FindListingByItem(ConnectionId connection, string itemRef) =>
        Indexed(_byItem).GetValueOrDefault((connection, itemRef));

    /// <summary>Replaces a SKU's state; it will be written back, levels that differ with it.</summary>
    public void Put(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        var before = _skus.GetValueOrDefault(sku.Sku);
        if (ReferenceEquals(before, sku))
        {
            return;
        }

        for (var i = 0; i < sku.Levels.Length; i++)
        {
            var level = sku.Levels[i];

            // Levels keep their places, so the search is for a set that was put together anew.
            var same = before is not null && i < before.Levels.Length && ReferenceEquals(before.Levels[i], level);
            if (!same && (before is null || !before.Levels.Contains(level)))
            {
                _changedLevels.Add(level.Id);
                _levels[level.Id] = sku.Sku;
            }
        }

        NoteOpenings(before, sku);
        if (before is not null && before.PaceSteps != sku.PaceSteps)
        {
            _changedPaces.Add(sku.Sku);
        }

        if (before is null || before.Requests != sku.Requests)
        {
            _changedRequests.UnionWith(sku.Requests
                .Where(r => before is null || !before.Requests.Contains(r)).Select(r => (r.Request, r.Number)));
        }

        _skus[sku.Sku] = sku;
        _changedSkus.Add(sku.Sku);
    }

    /// <summary>Replaces an order's state; it will be written back.</summary>
    public void Put(OrderState order)
    {
        ArgumentNullException.ThrowIfNull(order);
        _orders[(order.Connection, order.OrderRef)] = order;
        _changedOrders.Add((order.Connection, order.OrderRef));
    }

    /// <summary>Notes that something which happened at <paramref name="at"/> changed the SKU.</summary>
    public void NoteCause(SkuId sku, DateTimeOffset at)
    {
        if (!_causes.TryGetValue(sku, out var known) || at < known)
        {
            _causes[sku] = at;
        }
    }

    /// <summary>Appends an entry and moves the SKU's position by it: the one place where a position changes.</summary>
    /// <param name="shownBy">The channel whose own on-hand shows the change by itself, sooner or later; null where none does but the level of the entry.</param>
    public SkuState Append(SkuState sku, LedgerEntry entry, ConnectionId? shownBy = null)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Delta == 0 || entry.Sku != sku.Sku)
        {
            throw new ArgumentException("An entry moves units of its own SKU.", nameof(entry));
        }

        Entries.Add(entry);
        var pool = sku.PoolAt(entry.Location);
        var moved = pool with { Buckets = pool.Buckets.Add(entry.Bucket, entry.Delta) };
        sku = PreorderRules.After(ParkingRules.Follow(sku.With(SetAsides.Follow(moved, entry, Context)), entry, shownBy), entry);
        return CountRules.Reopen(this, sku, entry);
    }

    /// <summary>Whether the ledger has this movement.</summary>
    public bool HasMovement(string key) => _seenMovements.Contains(key);

    /// <summary>Whether this movement is new; from then on it is not.</summary>
    public bool TryTakeMovement(string key) => _seenMovements.Add(key) && _newMovements.Add(key);

    /// <summary>Most batches ask for no listing, so they are put in order when the first one is asked for.</summary>
    private Dictionary<(ConnectionId, string), ListingInfo> Indexed(Dictionary<(ConnectionId, string), ListingInfo> index)
    {
        foreach (var listing in _listings)
        {
            _byVariant[(listing.Connection, listing.VariantRef)] = listing;
            _byItem[(listing.Connection, listing.ItemRef)] = listing;
        }

        _listings.Clear();
        return index;
    }

    private void NoteOpenings(SkuState? before, SkuState after)
    {
        if (before is not null && before.Pools.Equals(after.Pools))
        {
            return; // The very same array: nothing to compare.
        }

        for (var i = 0; i < after.Pools.Length; i++)
        {
            var pool = after.Pools[i];

            // Pools keep their places, so the search is for a set that was put together anew.
            var known = before is not null && i < before.Pools.Length && before.Pools[i].Location == pool.Location
                ? before.Pools[i]
                : before?.PoolAt(pool.Location);
            if (pool.Opened != (known?.Opened ?? false) || pool.SetAside != (known?.SetAside ?? 0))
            {
                _openings[(after.Sku, pool.Location)] = new PoolOpening(after.Sku, pool.Location, pool.Opened, pool.SetAside);
            }
        }
    }
}

/// <summary>A difference between a level and what the ledger can explain.</summary>
/// <param name="Sku">Whose.</param>
/// <param name="Level">Where.</param>
/// <param name="Class">What it looks like.</param>
/// <param name="Expected">What the ledger explains.</param>
/// <param name="Actual">What was read.</param>
/// <param name="Action">What was done about it, in words.</param>
public sealed record DriftCase(
    SkuId Sku, LevelId Level, DriftClass Class, int Expected, int Actual, string Action, DateTimeOffset At);

/// <summary>What a person must look at.</summary>
/// <param name="Key">Names it; the same key is one incident while it is open.</param>
public sealed record Incident(
    string Key, string Kind, string Message, ConnectionId? Connection, SkuId? Sku, LevelId? Level, DateTimeOffset At);

/// <summary>Acknowledged pushes of a level planned no later than a moment are proven.</summary>
public sealed record Verification(LevelId Level, DateTimeOffset UpTo, DateTimeOffset At);
