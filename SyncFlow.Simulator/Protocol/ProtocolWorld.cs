using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One tenant with its channels, buyers and faults on a virtual clock. The rules under test are the production ones;
/// worker, network and channels are here, in as many small steps as a crash could fall between.
/// </summary>
internal sealed partial class ProtocolWorld
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(15);

    private readonly WorldSettings _settings;
    private readonly Random _random;
    private readonly Agenda _agenda = new(Start);
    private readonly List<Shop> _shops = [];
    private readonly List<ChannelDesk> _desks = [];
    private readonly List<PublisherLoop> _publishers = [];
    private readonly List<VerifierLoop> _verifiers = [];
    private readonly MemoryStore _store;
    private readonly Pipeline _pipeline;
    private readonly Naive? _naive;
    private WorldFaults _faults;
    private int _events;
    private int _movements;

    public ProtocolWorld(WorldSettings settings)
    {
        _settings = settings;
        _faults = settings.Faults;
        _random = new Random(settings.Seed);
        for (var number = 1; number <= settings.Channels; number++)
        {
            var drift = TimeSpan.FromSeconds(((_random.NextDouble() * 2) - 1) * settings.Faults.ClockDrift);
            var shop = new Shop(number, settings.Skus, settings.Locations, drift, _agenda, _random);
            shop.OrderChanged += order => Tell(shop, order);
            shop.LevelChanged += (sku, location, value, at) => Tell(shop, sku, location, value, at);
            _shops.Add(shop);
        }

        _store = new MemoryStore(Context());
        _pipeline = new Pipeline(_store, _agenda, _random, settings.Faults);
        Truth = new Truth(settings, _store, _shops, _agenda);
        Open();
        if (settings.Keeper == Keeper.Naive)
        {
            _naive = new Naive(settings, _shops, _agenda, _random);
        }
        else
        {
            Employ();
        }

        Crowd = new Crowd(settings, _shops, _agenda, _random, Truth);
        Arrange();
    }

    public Truth Truth { get; }
    public Crowd Crowd { get; }
    public MemoryStore Store => _store;

    /// <summary>Lets the world run: the buyers' time with all faults, then without until everything is at rest.</summary>
    public WorldReport Run()
    {
        var buying = Start + TimeSpan.FromMinutes(_settings.Minutes);
        var wrong = Until(buying);
        var unsold = Enumerable.Range(0, _settings.Skus).Sum(s => Crowd.RefusedLately(s) > 0 ? Math.Max(0, Truth.Left(s)) : 0);
        if (_settings.Keeper == Keeper.Protocol && wrong is null)
        {
            Calm();
            wrong = Until(buying + TimeSpan.FromMinutes(25)) ?? AtRest();
            var writes = _desks.Sum(d => d.Writes);
            wrong ??= Until(buying + TimeSpan.FromMinutes(35));
            if (wrong is null && _desks.Sum(d => d.Writes) != writes)
            {
                wrong = $"{_desks.Sum(d => d.Writes) - writes} writes although nothing happened";
            }
        }

        var oversold = Enumerable.Range(0, _settings.Skus).Sum(Crowd.MostOversold);
        return new WorldReport(
            _settings.Seed, wrong, Crowd.Orders, Crowd.Units, Crowd.Refused, oversold, unsold, _desks.Sum(d => d.Writes), _events);
    }

    private string? AtRest() => _settings.BreaksAssumptions && Truth.AtRest() is { } wrong && wrong.Contains("exposed", StringComparison.Ordinal)
        ? null
        : Truth.AtRest();

    private string? Until(DateTimeOffset end)
    {
        while (_agenda.Step(end))
        {
            _events++;
            Crowd.Look();
            if (_settings.Keeper == Keeper.Protocol && Truth.Violation() is { } wrong)
            {
                return $"at {_agenda.Now:HH:mm:ss.fff}: {wrong}";
            }
        }

        return null;
    }

    private EngineContext Context() => new(
        new TenantId(1),
        _shops.ToImmutableDictionary(s => new ConnectionId(s.Number), s => new ChannelSettings(
            new ConnectionId(s.Number), ConnectionStatus.Live,
            Enumerable.Range(0, _settings.Locations).ToImmutableDictionary(Shop.Place, l => new LocationId(l)),
            new LocationId(0), 1, s.Number, ClaimingSources.Shopify, OwnsOnHand: false, CompareAndSet: true,
            DeduplicatesWrites: false, SettleSeconds: 10)),
        Enumerable.Range(0, _settings.Locations).ToImmutableDictionary(
            l => new LocationId(l), l => new LocationSettings(new LocationId(l), FulfillsOnline: true, Group: 1)));

    /// <summary>Opening stock, all of it at the locations in turn, and a level per channel and location that shows nothing yet.</summary>
    private void Open()
    {
        for (var sku = 0; sku < _settings.Skus; sku++)
        {
            var id = new SkuId(sku);
            var levels = _shops.SelectMany(shop => Enumerable.Range(0, _settings.Locations).Select(l => new LevelState
            {
                Id = new LevelId((sku * 10_000) + (shop.Number * 100) + l),
                Listing = new ListingId((sku * 100) + shop.Number),
                Connection = new ConnectionId(shop.Number),
                Location = new LocationId(l),
                Status = LevelStatus.Live,
                Belief = 0,
            }));
            _store.Add(
                new SkuState
                {
                    Sku = id,
                    Policy = SkuPolicy.Default with { Mode = _settings.Mode },
                    Mode = _settings.Mode == SharingMode.Shared ? EffectiveMode.Shared : EffectiveMode.Guard,
                    Levels = [.. levels],
                },
                _shops.Select(s => new ListingInfo(
                    new ListingId((sku * 100) + s.Number), new ConnectionId(s.Number), Shop.Variant(sku), Shop.Item(sku), id, 1)));
            var shares = LargestRemainder.Share(_settings.Stock, [.. Enumerable.Repeat(1.0, _settings.Locations)]);
            for (var location = 0; location < _settings.Locations; location++)
            {
                Receive(sku, location, shares[location]);
            }
        }
    }

    private void Receive(int sku, int location, int units)
    {
        if (units == 0)
        {
            return;
        }

        Truth.Received(sku, units);
        Move(sku, location, units, EntryReason.Receipt);
        _naive?.Received(sku, units);
    }

    private void Move(int sku, int location, int units, EntryReason reason) => _pipeline.Deliver(new StockMovement(
        $"movement:{++_movements}", null, null, _agenda.Now, new SkuId(sku), new LocationId(location), Bucket.OnHand, units, reason));

    private void Employ()
    {
        foreach (var shop in _shops)
        {
            var desk = new ChannelDesk(_store, _pipeline, shop, _agenda, _random, _settings);
            _desks.Add(desk);
            var publisher = new PublisherLoop(desk);
            _publishers.Add(publisher);
            _pipeline.Committed += () => publisher.Wake();
            _verifiers.Add(new VerifierLoop(desk, VerifyPurpose.Prove));
            _verifiers.Add(new VerifierLoop(desk, VerifyPurpose.Attribute));
        }

        _pipeline.Asked += Ask;
        _pipeline.Committed += () => _verifiers.ForEach(v => v.Wake());
        _agenda.In(ReconcileEvery, Reconcile);
        _publishers.ForEach(p => p.Restart());
        _verifiers.ForEach(v => v.Restart());
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
        _verifiers.ForEach(v => v.Wake());
        _agenda.In(ReconcileEvery, Reconcile);
    }

    private void Ask(WorkItem work)
    {
        if (work.Kind != WorkKind.FetchOrder)
        {
            return;
        }

        var desk = _desks[(int)work.Connection.Value - 1];
        _agenda.In(desk.Between(50, 3_000), () =>
        {
            if (desk.Shop.Down || desk.Shop.Refuses)
            {
                _agenda.In(TimeSpan.FromSeconds(30), () => Ask(work));
            }
            else
            {
                _pipeline.Deliver(desk.Fact(desk.Shop.Orders[work.Ref].Snapshot(SnapshotOrigin.Fetch)));
            }
        });
    }

    private void Tell(Shop shop, ShopOrder order)
    {
        var snapshot = order.Snapshot(SnapshotOrigin.Webhook);
        Post(shop, () =>
        {
            if (_naive is null)
            {
                _pipeline.Deliver(_desks[shop.Number - 1].Fact(snapshot));
            }
            else
            {
                _naive.Heard(order);
            }
        });
    }

    private void Tell(Shop shop, int sku, int location, int value, long at) => Post(shop, () =>
    {
        if (_naive is null)
        {
            _pipeline.Deliver(new LevelAnnounced(
                $"level:{shop.Number}:{at}", new ConnectionId(shop.Number), null, _agenda.Now, Shop.Item(sku), Shop.Place(location), value, at));
        }
    });

    /// <summary>The network between a channel and us.</summary>
    private void Post(Shop shop, Action arrives)
    {
        var times = _random.NextDouble() < _faults.Dropped || shop.Down ? 0 : _random.NextDouble() < _faults.Repeated ? 2 : 1;
        for (; times > 0; times--)
        {
            var wait = _random.NextDouble() < _faults.Delayed
                ? TimeSpan.FromSeconds(_random.NextDouble() * 180)
                : TimeSpan.FromMilliseconds(_random.Next(20, 900));
            _agenda.In(wait, arrives);
        }
    }

    /// <summary>The buyers have gone and every fault with them; what is on its way still arrives.</summary>
    private void Calm()
    {
        _faults = new WorldFaults();
        foreach (var desk in _desks)
        {
            desk.Calm();
        }

        _pipeline.Calm();
    }
}
