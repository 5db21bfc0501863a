using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>
/// Several SKUs on a few channels at one location, driven through the production rules; pushes arrive and are proven at
/// once where a test says so. Listing and level of SKU s on channel c have the number 100·s + c.
/// </summary>
internal sealed class SharingDesk
{
    public static readonly LocationId Main = new(1);

    private readonly Dictionary<SkuId, SkuState> _skus = [];
    private readonly Dictionary<(ConnectionId, string), OrderState> _orders = [];
    private int _pushes;
    private long _requests;

    public SharingDesk(int channels) => Context = new EngineContext(
        new TenantId(1),
        Enumerable.Range(1, channels).ToImmutableDictionary(n => new ConnectionId(n), Desk.Channel),
        ImmutableDictionary.CreateRange([KeyValuePair.Create(Main, new LocationSettings(Main, true, 1))]));

    public EngineContext Context { get; private set; }
    public DateTimeOffset Now { get; set; } = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    public List<LedgerEntry> Ledger { get; } = [];

    /// <summary>All pushes since the desk was opened.</summary>
    public List<PushElement> Written { get; } = [];

    public SkuState this[int sku] => _skus[new SkuId(sku)];

    /// <summary>Adds a SKU listed on every channel, showing nothing yet.</summary>
    public SharingDesk Sku(int id, int onHand, SharingMode mode = SharingMode.Guard, params (int Sku, int Units)[] parts)
    {
        _skus[new SkuId(id)] = new SkuState
        {
            Sku = new SkuId(id),
            Policy = SkuPolicy.Default with { Mode = mode },
            Mode = mode == SharingMode.Shared ? EffectiveMode.Shared : EffectiveMode.Guard,
            Components = [.. parts.Select(p => new Component(new SkuId(p.Sku), p.Units))],
            Pools = parts.Length > 0 ? [] : [new Pool(Main, default(Buckets) with { OnHand = onHand }, true)],
            Levels = [.. Context.Channels.Keys.OrderBy(c => c.Value).Select(c => new LevelState
            {
                Id = new LevelId((100 * id) + c.Value),
                Listing = new ListingId((100 * id) + c.Value),
                Connection = c,
                Location = Main,
                Status = LevelStatus.Live,
                Belief = 0,
            })],
        };
        return this;
    }

    public void Arrange(int sku, Func<SkuState, SkuState> change) => _skus[new SkuId(sku)] = change(this[sku]);

    public void Level(int sku, int channel, Func<LevelState, LevelState> change) =>
        Arrange(sku, s => s.With(change(s.FindLevel(new LevelId((100 * sku) + channel))!)));

    /// <summary>Gives a SKU a policy; versions rise by themselves.</summary>
    public void Rules(int sku, params ChannelRule[] rules) => Arrange(sku, s => s with
    {
        Policy = s.Policy with
        {
            Allocation = new AllocationPolicy(
                PolicyScope.Sku, sku, (s.Policy.Allocation?.Version ?? 0) + 1, null, [.. rules]),
        },
    });

    public static ChannelRule Percent(int channel, decimal percent) => new(new ConnectionId(channel)) { Percent = percent };

    public void Status(int channel, ConnectionStatus status)
    {
        var id = new ConnectionId(channel);
        Context = Context with { Channels = Context.Channels.SetItem(id, Context.Channels[id] with { Status = status }) };
    }

    public void Brake(int channel, BrakeStrength brake)
    {
        var id = new ConnectionId(channel);
        Context = Context with { Channels = Context.Channels.SetItem(id, Context.Channels[id] with { Brake = brake }) };
    }

    public int Belief(int sku, int channel) => LevelOf(sku, channel).Belief!.Value;

    public int? Target(int sku, int channel) => LevelOf(sku, channel).Target;

    public int[] Beliefs(int sku) => [.. this[sku].Levels.Select(l => l.Belief!.Value)];

    public LevelState LevelOf(int sku, int channel) => this[sku].FindLevel(new LevelId((100 * sku) + channel))!;

    public Exposure Exposure(int sku) => Exposures.Of(Load(), this[sku]);

    public int Ats(int sku) => AvailableToSell.Of(Cluster.Of(Load(), new SkuId(sku)), new SkuId(sku));

    public void Touch(int sku)
    {
        var set = Load();
        Replanner.Touch(set, new SkuId(sku), Now);
        Save(set);
    }

    /// <summary>Adds a place; nothing is there.</summary>
    public void Place(LocationId location, int group) =>
        Context = Context with { Locations = Context.Locations.SetItem(location, new LocationSettings(location, true, group)) };

    /// <summary>Asks for units, each line of a SKU; what is refused leaves nothing behind.</summary>
    public RequestOutcome Ask(bool mayWait, params (int Sku, int Units)[] lines)
    {
        var (set, id) = (Load(), new RequestId(++_requests));
        var outcome = RequestRules.Ask(
            set, [.. lines.Select((l, i) => (new SkuId(l.Sku), RequestLine.Asking(id, i + 1, $"cart-{id.Value}", l.Units, null)))], mayWait, Now);
        if (outcome.Answer != RequestAnswer.Refused)
        {
            Save(set);
        }

        return outcome;
    }

    /// <summary>An order for units of a listing that nobody has told yet.</summary>
    public OrderFact Order(int sku, int channel, int units)
    {
        var order = Desk.Snapshot($"o{_orders.Count + 1}", units, Now, variant: $"v{(100 * sku) + channel}");
        return new OrderFact($"order:{order.OrderRef}", new ConnectionId(channel), null, Now, order);
    }

    /// <summary>A buyer takes units of a listing: the order becomes known at once.</summary>
    public FactOutcome Sell(int sku, int channel, int units = 1) => Apply(Order(sku, channel, units));

    public FactOutcome Receive(int sku, int units, string key) => Apply(new StockMovement(
        key, null, null, Now, new SkuId(sku), Main, Bucket.OnHand, units, EntryReason.Receipt));

    public FactOutcome Announce(int sku, int channel, int available) => Apply(new LevelAnnounced(
        $"level:{Now.Ticks}", new ConnectionId(channel), null, Now, $"i{(100 * sku) + channel}", "x1", available, Now.Ticks));

    public FactOutcome Apply(Fact fact)
    {
        var set = Load();
        var outcome = FactEngine.Apply(set, fact, Now);
        Replanner.Replan(set, Now);
        Save(set);
        return outcome;
    }

    /// <summary>Plans, sends and acknowledges one push of a channel; returns what it wrote.</summary>
    public ImmutableArray<PushElement> Publish(int channel)
    {
        var set = Load();
        var candidates = _skus.Values.SelectMany(s => s.Levels.Where(l => l.Connection.Value == channel)
            .Select(l => new PlanCandidate(s.Sku, l.Id, $"i{l.Id.Value}", "x1"))).ToList();
        var push = Planner.Plan(set, new ConnectionId(channel), candidates, new Guid(++_pushes, 0, 0, new byte[8]), Now).Push;
        Save(set);
        if (push is null)
        {
            return [];
        }

        set = Load();
        Settlement.Settle(set, push, [.. push.Elements.Select(e => new ElementAnswer(e.Level, ElementOutcome.Acknowledged, null))], Now);
        Save(set);
        Written.AddRange(push.Elements);
        return push.Elements;
    }

    /// <summary>Proves everything acknowledged on a channel: drained readings of what it shows.</summary>
    public void Verify(int channel)
    {
        Now += TimeSpan.FromSeconds(5);
        foreach (var level in _skus.Values.SelectMany(s => s.Levels).Where(l => l.Connection.Value == channel && l.UnverifiedUnits > 0).ToList())
        {
            Apply(new LevelRead($"reading:{Now.Ticks}", level.Connection, null, Now, new Reading(
                level.Id, ReadingKind.Drained, level.Generation, level.Belief!.Value, level.Belief.Value, level.OpenClaims, Now,
                level.SoldTotal, level.PutBackTotal, level.PushedTotal, level.OpenClaims)));
        }
    }

    /// <summary>Publishes and proves until no channel has anything to say; returns the writes.</summary>
    public List<PushElement> Settle()
    {
        var before = Written.Count;
        for (var round = 0; round < 20; round++)
        {
            var wrote = Context.Channels.Keys.OrderBy(c => c.Value).Sum(c => Publish((int)c.Value).Length);
            foreach (var channel in Context.Channels.Keys)
            {
                Verify((int)channel.Value);
            }

            if (wrote == 0)
            {
                return Written[before..];
            }
        }

        throw new InvalidOperationException("Still writing after 20 rounds.");
    }

    public WorkingSet Load()
    {
        var set = new WorkingSet(Context);
        foreach (var sku in _skus.Values)
        {
            set.Load(sku);
            foreach (var level in sku.Levels)
            {
                set.Load(new ListingInfo(
                    level.Listing, level.Connection, $"v{level.Id.Value}", $"i{level.Id.Value}", sku.Sku, level.UnitsPerSale));
            }
        }

        foreach (var order in _orders.Values)
        {
            set.Load(order);
        }

        return set;
    }

    private void Save(WorkingSet set)
    {
        foreach (var sku in set.Skus)
        {
            _skus[sku.Sku] = sku;
        }

        foreach (var order in set.ChangedOrders)
        {
            _orders[(order.Connection, order.OrderRef)] = order;
        }

        Ledger.AddRange(set.Entries);
    }
}
