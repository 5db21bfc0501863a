using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;

namespace SyncFlow.Tests.Core.Support;

/// <summary>
/// One SKU on a few channels, driven through the production rules on a virtual clock, with a dictionary for storage.
/// Channel <c>n</c> has connection n, listing n, variant <c>v{n}</c>, item <c>i{n}</c>; its location <c>x1</c> is location 1.
/// </summary>
internal sealed class Desk
{
    public static readonly SkuId Sku = new(1);
    public static readonly LocationId Main = new(1);

    private readonly Dictionary<(ConnectionId, string), OrderState> _orders = [];
    private readonly HashSet<string> _movements = [];
    private readonly Dictionary<ClaimKey, Claim> _claims = [];
    private readonly Dictionary<(ConnectionId, string), ReportedPosition> _reported = [];
    private long _pushes;

    public Desk(int channels, int onHand, SharingMode mode, params int[] shown)
    {
        Context = new EngineContext(
            new TenantId(1),
            Enumerable.Range(1, channels).ToImmutableDictionary(n => new ConnectionId(n), Channel),
            ImmutableDictionary.CreateRange([KeyValuePair.Create(Main, new LocationSettings(Main, true, 1))]));
        State = new SkuState
        {
            Sku = Sku,
            Policy = SkuPolicy.Default with { Mode = mode },
            Mode = mode == SharingMode.Shared ? EffectiveMode.Shared : EffectiveMode.Guard,
            Pools = [new Pool(Main, default(Buckets) with { OnHand = onHand }, true)],
            Levels = [.. Enumerable.Range(1, channels).Select(n => Level(n, n <= shown.Length ? shown[n - 1] : 0))],
        };
        Opening = onHand;
    }

    public int Opening { get; }
    public DateTimeOffset Now { get; set; } = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    public EngineContext Context { get; set; }
    public SkuState State { get; private set; }
    public List<LedgerEntry> Ledger { get; } = [];
    public List<WorkItem> Work { get; } = [];
    public List<Incident> Incidents { get; } = [];
    public List<DriftCase> Drift { get; } = [];
    public List<Verification> Verifications { get; } = [];
    public List<OversellSeen> Oversells { get; } = [];
    public List<ConnectionChange> ConnectionChanges { get; } = [];
    public List<string> Cured { get; } = [];

    public Buckets Position => State.PoolAt(Main).Buckets;
    public int Ats => AvailableToSell.Of(State.PoolAt(Main), State.Policy);
    public Exposure Exposure => Exposures.Of(State, Context);

    public LevelState this[int channel] => State.FindLevel(new LevelId(channel))!;

    /// <summary>Changes state that no rule changes, to set a scene.</summary>
    public void Arrange(Func<SkuState, SkuState> change) => State = change(State);

    public void Arrange(int channel, Func<LevelState, LevelState> change) => State = State.With(change(this[channel]));

    public FactOutcome Apply(Fact fact)
    {
        var set = Load();
        var outcome = FactEngine.Apply(set, fact, Now);
        Replanner.Replan(set, Now);
        Save(set);
        return outcome;
    }

    /// <summary>Whether an order's location is a guess.</summary>
    public bool IsGuess(int channel, string order) => _orders[(new ConnectionId(channel), order)].Provisional;

    /// <summary>Lines that name no variant sell this SKU.</summary>
    public FactOutcome Order(int channel, OrderSnapshot snapshot) => Apply(new OrderFact(
        $"order:{channel}:{snapshot.OrderRef}", new ConnectionId(channel), null, Now, snapshot with
        {
            Lines = [.. snapshot.Lines.Select(l => l with { VariantRef = l.VariantRef ?? $"v{channel}" })],
        }));

    public FactOutcome Announce(int channel, int available, DateTimeOffset at) => Apply(new LevelAnnounced(
        $"level:{channel}:{at.Ticks}", new ConnectionId(channel), null, at, $"i{channel}", "x1", available, at.Ticks));

    public FactOutcome Receive(string key, int units) => Apply(new StockMovement(
        key, null, null, Now, Sku, Main, Bucket.OnHand, units, EntryReason.Receipt));

    /// <summary>The marks of a level now, as the verifier takes them before a read.</summary>
    public Reading Mark(int channel, ReadingKind kind) => new(
        new LevelId(channel), kind, this[channel].Generation, 0, 0, 0, Now, this[channel].SoldTotal,
        this[channel].PutBackTotal, this[channel].PushedTotal, this[channel].OpenClaims, OnHandMark: Position.OnHand, SafetyStock: this[channel].Shelf?.Parked,
        ParkedMark: this[channel].Shelf?.MovedTotal ?? 0);

    public FactOutcome Read(int channel, Reading reading) => Apply(new LevelRead(
        $"reading:{channel}:{Now.Ticks}", new ConnectionId(channel), null, Now, reading));

    /// <summary>A reading with nothing between mark and application.</summary>
    public FactOutcome Read(int channel, ReadingKind kind, int available, int? committed = null, int onHand = 0) => Read(
        channel,
        Mark(channel, kind) with { Available = available, OnHand = onHand, Committed = committed ?? this[channel].OpenClaims });

    public Push? Plan(int channel) => Plan(channel, new LevelId(channel));

    public Push? Plan(int channel, LevelId level)
    {
        var set = Load();
        var id = new Guid((int)++_pushes, 0, 0, new byte[8]);
        var candidate = new PlanCandidate(Sku, level, $"i{channel}", "x1");
        var push = Planner.Plan(set, new ConnectionId(channel), [candidate], id, Now).Push;
        Save(set);
        return push;
    }

    public void Settle(Push push, ElementOutcome outcome, DateTimeOffset? doneBy = null)
    {
        var set = Load();
        Settlement.Settle(set, push, [.. push.Elements.Select(e => new ElementAnswer(e.Level, outcome, null, doneBy))], Now);
        Save(set);
    }

    /// <summary>Plans and acknowledges whatever the channel wants; null when nothing.</summary>
    public PushElement? Publish(int channel)
    {
        var push = Plan(channel);
        if (push is not null)
        {
            Settle(push, ElementOutcome.Acknowledged);
        }

        return push?.Elements[0];
    }

    /// <summary>Runs any rule over the state, as one transaction.</summary>
    public T Run<T>(Func<WorkingSet, T> rule)
    {
        var set = Load();
        var result = rule(set);
        Save(set);
        return result;
    }

    public void Touch()
    {
        var set = Load();
        Replanner.Touch(set, Sku, Now);
        Save(set);
    }

    /// <summary>The app is installed again on a channel: its levels are a new generation.</summary>
    public void Reinstall(int channel)
    {
        var set = Load();
        Generations.Raise(set, Sku, new ConnectionId(channel));
        Save(set);
    }

    /// <summary>Makes a channel the authority for on-hand.</summary>
    public void Own(int channel) => Configure(channel, settings => settings with { OwnsOnHand = true });

    public void SetStatus(int channel, ConnectionStatus status)
    {
        Configure(channel, settings => settings with { Status = status });
        Touch();
    }

    /// <summary>Changes a channel's settings, to set a scene.</summary>
    public void Configure(int channel, Func<ChannelSettings, ChannelSettings> change)
    {
        var id = new ConnectionId(channel);
        Context = Context with { Channels = Context.Channels.SetItem(id, change(Context.Channels[id])) };
    }

    public static OrderSnapshot Snapshot(
        string id, int quantity, DateTimeOffset updatedAt, int? open = null, int fulfilled = 0, bool cancelled = false,
        string source = "web", SnapshotOrigin origin = SnapshotOrigin.Webhook, string? variant = null,
        params Restock[] restocks) => new()
        {
            OrderRef = id,
            Version = new FactVersion(updatedAt.Ticks, origin == SnapshotOrigin.Webhook ? (short)0 : (short)1, updatedAt.Ticks),
            Origin = origin,
            CreatedAt = updatedAt,
            Cancelled = cancelled,
            SourceName = source,
            Lines =
        [
            new OrderLine
            {
                LineRef = $"{id}-1", VariantRef = variant, Quantity = quantity, Open = open ?? quantity,
                Fulfilled = fulfilled, Restocks = [.. restocks],
            },
        ],
        };

    /// <summary>A live store that claims its orders by itself and takes part in the pool of the one location.</summary>
    public static ChannelSettings Channel(int n) => new(
        new ConnectionId(n), ConnectionStatus.Live,
        ImmutableDictionary.CreateRange([KeyValuePair.Create("x1", Main)]), Main, 1, n, ClaimingSources.Shopify,
        OwnsOnHand: false, CompareAndSet: true, DeduplicatesWrites: false, SettleSeconds: 10);

    private static LevelState Level(int n, int shown) => new()
    {
        Id = new LevelId(n),
        Listing = new ListingId(n),
        Connection = new ConnectionId(n),
        Location = Main,
        Status = LevelStatus.Live,
        Belief = shown,
        Target = shown,
    };

    private WorkingSet Load()
    {
        var set = new WorkingSet(Context);
        set.Load(State);
        foreach (var order in _orders.Values)
        {
            set.Load(order);
        }

        foreach (var channel in Context.Channels.Keys)
        {
            set.Load(new ListingInfo(
                new ListingId(channel.Value), channel, $"v{channel.Value}", $"i{channel.Value}", Sku, 1));
        }

        foreach (var key in _movements)
        {
            set.LoadSeenMovement(key);
        }

        _claims.Values.ToList().ForEach(set.Sources.Load);
        _reported.Values.ToList().ForEach(set.Sources.Load);
        return set;
    }

    private void Save(WorkingSet set)
    {
        State = set.FindSku(Sku)!;
        foreach (var order in set.ChangedOrders)
        {
            _orders[(order.Connection, order.OrderRef)] = order;
        }

        _movements.UnionWith(set.NewMovements);
        foreach (var claim in set.Sources.ChangedClaims)
        {
            _claims[claim.Key] = claim;
        }

        foreach (var row in set.Sources.ChangedPositions)
        {
            _reported[(row.From, row.Place)] = row;
        }

        Ledger.AddRange(set.Entries);
        Work.AddRange(set.Work);
        Incidents.AddRange(set.Incidents);
        Drift.AddRange(set.Drift);
        Verifications.AddRange(set.Verifications);
        Oversells.AddRange(set.Oversells);
        ConnectionChanges.AddRange(set.ConnectionChanges);
        Cured.AddRange(set.Cured);
    }
}
