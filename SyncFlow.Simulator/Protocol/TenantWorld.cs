using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One tenant with its channels, buyers and faults, alone or beside others of a <see cref="ProtocolWorld"/>. The rules under test
/// are the production ones; worker, network and channels are here, in as many small steps as a crash could fall between.
/// </summary>
internal sealed partial class TenantWorld
{
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    /// <summary>How often a person looks at what was stopped.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(7);

    private readonly WorldSettings _settings;
    private readonly Random _random;
    private readonly Agenda _agenda;
    private readonly List<Shop> _shops = [];
    private readonly List<ChannelDesk> _desks = [];
    private readonly MemoryStore _store;
    private readonly Pipeline _pipeline;
    private readonly Carts _carts;
    private readonly Naive? _naive;
    private readonly Shopkeeper? _shopkeeper;
    private readonly Workforce? _workforce;
    private WorldFaults _faults;
    private Crowd? _crowd;
    private int _facts;
    private int _looked = -1;
    private int _looks;
    private int _state;
    private int _unsold;
    private bool _told;

    /// <param name="agenda">Its part of the world's.</param>
    /// <param name="workforce">Who works on its connections; asked for nothing where the usual way keeps the shelves.</param>
    public TenantWorld(WorldSettings settings, Agenda agenda, Workforce workforce, Tally tally)
    {
        (_settings, _agenda, Tally) = (settings, agenda, tally);
        _faults = settings.Faults;
        _random = new Random(settings.Seed);
        for (var number = 1; number <= settings.Shops; number++)
        {
            var drift = TimeSpan.FromSeconds(((_random.NextDouble() * 2) - 1) * settings.Faults.ClockDrift);
            var shop = new Shop(
                number, settings.KindOf(number), settings.Items, settings.Locations, number <= settings.KeepingKeys, drift, _agenda, _random);
            shop.PutBack += (item, location, units) => NotePutBack(shop, item, location, units);
            shop.OrderChanged += order => Tell(shop, order);
            shop.OrderTouched += order => Touched(shop, order);
            shop.UnitsMoving += (item, from, to, units, held, ordered) => Moving(shop, item, from, to, units, held, ordered);
            shop.NotPutBack += (item, units) => Truth!.Tampered(shop, item, units);
            shop.Overwritten += (item, shown) => Truth!.Overwritten(shop, item, shown);
            shop.LevelChanged += (sku, location, value, at) => Tell(shop, sku, location, value, at);
            shop.ItemChanged += sku => Tell(shop, sku);
            shop.Arriving += (item, location) => Truth!.Arrives(shop, item, location);
            shop.PlacesChanged += () => Post(shop, () => ReadPlaces(shop));
            _shops.Add(shop);
        }

        _store = new MemoryStore(Context());
        _pipeline = new Pipeline(_store, _agenda, _random, settings.Faults, Tally);
        _carts = new Carts(settings, _store, _pipeline, _shops, _agenda, _random, Tally);
        Truth = new Truth(settings, _store, _shops, _carts, _agenda);
        _store.Saved += Truth.Saved;
        Open();
        if (settings.Keeper == Keeper.Naive)
        {
            _naive = new Naive(settings, _shops, _agenda, _random);
        }
        else
        {
            _workforce = workforce;
            Employ(workforce);
            _shopkeeper = new Shopkeeper(settings, _store, _pipeline, _desks, _agenda, Tally, Told);
        }
    }

    public Truth Truth { get; }
    public MemoryStore Store => _store;
    public IReadOnlyList<Shop> Shops => _shops;
    public int Tenant => _settings.Tenant;

    /// <summary>What happened in its world, and how often; told by all tenants together.</summary>
    public Tally Tally { get; }

    /// <summary>Whether all of it is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What went wrong and when, or null.</summary>
    public string? Wrong { get; private set; }

    /// <summary>What it came to; of what happened only what is its own.</summary>
    public WorldReport Report() => new(
        _settings.Seed, Wrong, Crowd.Orders, Crowd.Units, Crowd.Refused,
        Enumerable.Range(0, _settings.Skus).Sum(Crowd.MostOversold), _unsold, _desks.Sum(d => d.Writes), _agenda.Events);

    private Crowd Crowd => _crowd ?? throw new InvalidOperationException("Nobody buys before the workers have started.");

    /// <summary>Everything that changes shelves or books.</summary>
    private int Version => _store.Version + _shops.Sum(static s => s.Version);

    /// <summary>Once the workers have started the buyers come, and with them all that goes wrong.</summary>
    public void Begin()
    {
        CountIngredients();
        _crowd = new Crowd(_settings, _shops, _agenda, _random, Truth, Tally);
        _carts.Open();
        Arrange();
        ArrangeTheEnd();
        _state = Version + _pipeline.Delivered;
    }

    /// <summary>
    /// Looks what is wrong after something happened. Where that was none of this tenant's, nothing of it may have changed: no
    /// shelf, nothing in its books, nothing that waits to be booked (I6).
    /// </summary>
    public void Look()
    {
        if (_told)
        {
            return;
        }

        var version = Version;
        var before = _state;
        _state = version + _pipeline.Delivered;
        if (!_agenda.IsInThisStep)
        {
            End(_state == before ? null : "something of it changed in a step that was not its own");
        }
        else if (version != _looked)
        {
            _looked = version;
            Crowd.Look();
            _looks++;
            if (_settings.Keeper == Keeper.Protocol)
            {
                End(Truth.Violation());
            }
        }

        if (IsOver)
        {
            _told = true;
            _agenda.Close();
            Tally.Add("steps looked at", _looks);
            Truth.Tell(Tally);
        }
    }

    private void End(string? wrong)
    {
        if (wrong is not null && Wrong is null)
        {
            Wrong = $"at {_agenda.Now:HH:mm:ss.fff}: {wrong}";
            IsOver = true;
        }
    }

    /// <summary>The buyers go, and every fault with them; then all comes to rest; then nothing is written any more.</summary>
    private void ArrangeTheEnd()
    {
        var buying = TimeSpan.FromMinutes(_settings.Minutes);
        _agenda.In(buying, () =>
        {
            _unsold = Enumerable.Range(0, _settings.Skus).Sum(s => Crowd.RefusedLately(s) > 0 ? Math.Max(0, Truth.Left(s)) : 0);
            IsOver = _settings.Keeper != Keeper.Protocol || _settings.OnlyBuying;
            Calm();
        });
        var writes = 0;
        _agenda.In(buying + TimeSpan.FromMinutes(25), () =>
        {
            End(Truth.AtRest());
            writes = _desks.Sum(d => d.Writes);
        });
        _agenda.In(buying + TimeSpan.FromMinutes(35), () =>
        {
            var more = _desks.Sum(d => d.Writes) - writes;
            End(more == 0 ? null : $"{more} writes although nothing happened");
            IsOver = true;
        });
    }

    /// <summary>The world's workers get its connections too, and are told of what is committed here.</summary>
    private void Employ(Workforce workforce)
    {
        foreach (var shop in _shops)
        {
            var index = workforce.Leases.Add(new ConnectionId(shop.Number));
            var desk = new ChannelDesk(index, _store, workforce.Leases, _pipeline, shop, _agenda, _random, _settings, Tally) { Complain = End };
            _desks.Add(desk);
            workforce.Serve(desk);
        }

        _pipeline.Mistaken = _settings.Mistake == Mistake.NegativeLends ? set => MistakenPlans.Lend(set, _agenda.Now) : null;
        _pipeline.Asked += Ask;
        _pipeline.Committed += Told;
        _agenda.In(ReconcileEvery, Reconcile);
        _agenda.In(LookEvery, ReleaseStopped);
        _agenda.In(SweepEvery, Sweep);
    }

    /// <summary>Something was committed: everybody who works for this tenant looks whether it is for him.</summary>
    private void Told()
    {
        _workforce?.Told(Tenant);
        _workforce?.Wake(Tenant);
    }

    /// <summary>Every level is read from time to time, whether anything seems wrong or not: webhooks get lost.</summary>
    private void Reconcile()
    {
        var set = _store.LoadSkus([.. _store.Skus.Select(s => s.Sku)]);
        foreach (var sku in set.Skus.ToList())
        {
            set.Put(sku with { Levels = [.. sku.Levels.Select(l => l with { NeedsReading = true })] });
        }

        _store.Save(set);
        _workforce!.Wake(Tenant);
        foreach (var desk in _desks)
        {
            ReadPlaces(desk.Shop);
            for (var item = 0; item < _settings.Items; item++)
            {
                ReadItem(desk, item);
            }
        }

        _agenda.In(ReconcileEvery, Reconcile);
    }

    /// <summary>What is exposed is planned again as time passes, as the worker does with all that is guarded.</summary>
    private void Sweep()
    {
        SkuId[] exposed = [.. _store.Skus.Where(s => s.Exposed.Since is not null).Select(s => s.Sku)];
        var set = _store.LoadSkus(exposed);
        Replanner.Touch(set, exposed, _agenda.Now);
        _agenda.In(exposed.Length == 0 || _pipeline.Commit(set) ? SweepEvery : TimeSpan.FromSeconds(1), Sweep);
    }

    /// <summary>A person releases every level whose writes were stopped, rightly or not: the rules must bear both.</summary>
    private void ReleaseStopped()
    {
        foreach (var level in _store.Skus.SelectMany(s => s.Levels).Where(l => l.IsStopped))
        {
            Tally.Add("stopped levels released");
            _pipeline.Deliver(new LevelReleased(
                $"release:{level.Id.Value}:{level.Generation}", level.Connection, _agenda.Now, level.Id, "a person", "looked at it"));
        }

        _agenda.In(LookEvery, ReleaseStopped);
    }

    /// <summary>The buyers have gone and every fault with them; what is on its way still arrives.</summary>
    private void Calm()
    {
        _faults = new WorldFaults();
        _shopkeeper?.Calm();
        foreach (var desk in _desks)
        {
            desk.Calm();
        }

        _pipeline.Calm();
        _workforce?.Calm();
    }
}
