using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One tenant with its channels, buyers and faults on a virtual clock. The rules under test are the production ones;
/// worker, network and channels are here, in as many small steps as a crash could fall between.
/// </summary>
internal sealed partial class ProtocolWorld
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    /// <summary>How often a person looks at what was stopped.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(7);

    private readonly WorldSettings _settings;
    private readonly Random _random;
    private readonly Agenda _agenda = new(Start);
    private readonly List<Shop> _shops = [];
    private readonly List<ChannelDesk> _desks = [];
    private readonly MemoryStore _store;
    private readonly Pipeline _pipeline;
    private readonly Carts _carts;
    private readonly Naive? _naive;
    private readonly Shopkeeper? _shopkeeper;
    private readonly Workforce? _workforce;
    private WorldFaults _faults;
    private int _events;
    private int _facts;
    private int _looked = -1;
    private int _looks;
    private int _unsold;
    private bool _over;
    private string? _wrong;

    public ProtocolWorld(WorldSettings settings)
    {
        _settings = settings;
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
            _workforce = Employ();
            _shopkeeper = new Shopkeeper(settings, _store, _pipeline, _desks, _agenda, Tally, Told);
            _workforce.Open();
        }

        CountIngredients();
        Crowd = new Crowd(settings, _shops, _agenda, _random, Truth, Tally);
        _carts.Open();
        Arrange();
        ArrangeTheEnd();
    }

    public Truth Truth { get; }
    public Crowd Crowd { get; }
    public MemoryStore Store => _store;

    /// <summary>What happened here, and how often.</summary>
    public Tally Tally { get; } = new();

    /// <summary>The virtual moment.</summary>
    public DateTimeOffset Now => _agenda.Now;

    /// <summary>When the next thing happens here; null once all is over.</summary>
    public DateTimeOffset? Next => _over ? null : _agenda.Next;

    /// <summary>Lets the world run: the buyers' time with all faults, then without until everything is at rest.</summary>
    public WorldReport Run()
    {
        while (Step())
        {
        }

        return Report();
    }

    /// <summary>Lets one thing happen and looks what is wrong then; false once all is over.</summary>
    public bool Step()
    {
        if (_over || !_agenda.Step(DateTimeOffset.MaxValue))
        {
            return false;
        }

        _events++;
        var version = _store.Version + _shops.Sum(s => s.Version);
        if (version != _looked)
        {
            _looked = version;
            Crowd.Look();
            _looks++;
            if (_settings.Keeper == Keeper.Protocol)
            {
                End(Truth.Violation());
            }
        }

        if (_over)
        {
            Tally.Add("steps looked at", _looks);
            Truth.Tell(Tally);
        }

        return !_over;
    }

    /// <summary>What came of it.</summary>
    public WorldReport Report() => new(
        _settings.Seed, _wrong, Crowd.Orders, Crowd.Units, Crowd.Refused,
        Enumerable.Range(0, _settings.Skus).Sum(Crowd.MostOversold), _unsold, _desks.Sum(d => d.Writes), _events);

    private void End(string? wrong)
    {
        if (wrong is not null && _wrong is null)
        {
            _wrong = $"at {_agenda.Now:HH:mm:ss.fff}: {wrong}";
            _over = true;
        }
    }

    /// <summary>The buyers go, and every fault with them; then all comes to rest; then nothing is written any more.</summary>
    private void ArrangeTheEnd()
    {
        var buying = TimeSpan.FromMinutes(_settings.Minutes);
        _agenda.In(buying, () =>
        {
            _unsold = Enumerable.Range(0, _settings.Skus).Sum(s => Crowd.RefusedLately(s) > 0 ? Math.Max(0, Truth.Left(s)) : 0);
            _over = _settings.Keeper != Keeper.Protocol || _settings.OnlyBuying;
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
            _over = true;
        });
    }

    private Workforce Employ()
    {
        var leases = new LeaseTable(_shops.Count, _agenda, _settings);
        foreach (var shop in _shops)
        {
            _desks.Add(new ChannelDesk(_desks.Count, _store, leases, _pipeline, shop, _agenda, _random, _settings, Tally) { Complain = End });
        }

        var workforce = new Workforce(_desks, leases, _agenda, _settings, Tally);
        _pipeline.Mistaken = _settings.Mistake == Mistake.NegativeLends ? set => MistakenPlans.Lend(set, _agenda.Now) : null;
        _pipeline.Asked += Ask;
        _pipeline.Committed += workforce.Told;
        _pipeline.Committed += workforce.Wake;
        _agenda.In(ReconcileEvery, Reconcile);
        _agenda.In(LookEvery, ReleaseStopped);
        _agenda.In(SweepEvery, Sweep);
        return workforce;
    }

    /// <summary>Something was committed: everybody looks whether it is for him.</summary>
    private void Told()
    {
        _workforce?.Told();
        _workforce?.Wake();
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
        _workforce!.Wake();
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
