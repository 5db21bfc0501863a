using System.Collections.Concurrent;
using System.Globalization;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.BackOffice;

/// <summary>
/// What a retailer's systems do with each other: the warehouse picks and ships the stores' orders, tills sell, a 3PL moves
/// goods of its own, and the ERP posts later what the others did, in batches and with their references. Each has its own
/// clock and is away now and then.
/// </summary>
internal sealed class OfficeFlow
{
    public const string Warehouse = "1000/0001";
    public const string TillPlant = "1000/0900";
    public const string TillShop = "SHOP-1";
    public const string Facility = "FAC-1";

    private const int TillSkus = 40;
    private const int TillUnits = 60;

    private readonly World _world;
    private readonly Random _random;
    private readonly ConcurrentQueue<(Shop Shop, long OrderId, DateTimeOffset At)> _heard = new();
    private readonly PriorityQueue<(Shop Shop, long OrderId), DateTimeOffset> _picking = new();
    private readonly ConcurrentQueue<(string Sku, string Place, int Units, string Reference, long System)> _toPost = new();
    private readonly List<string> _tillSkus;
    private readonly ConcurrentDictionary<string, int> _outages = [];
    private DateTimeOffset _nextPost;
    private DateTimeOffset _lastTick;

    internal OfficeFlow(World world, OfficeSettings settings, Random random)
    {
        (_world, Settings, _random) = (world, settings, random);
        OfficeSystem System(string name, bool countsUp, OfficeSource source) => new(name, countsUp, TimeSpan.FromSeconds(source.SkewSeconds), world.Clock);
        Erp = System("erp", countsUp: true, settings.Erp);
        Wms = System("wms", countsUp: false, settings.Wms);
        Pos = System("pos", countsUp: false, settings.Pos);
        ThreePl = System("3pl", countsUp: false, settings.ThreePl);
        _tillSkus = OpenBooks();
        _lastTick = world.Clock.GetUtcNow();
    }

    public OfficeSettings Settings { get; }

    public OfficeSystem Erp { get; }

    public OfficeSystem Wms { get; }

    public OfficeSystem Pos { get; }

    public OfficeSystem ThreePl { get; }

    public IEnumerable<OfficeSystem> All => [Erp, Wms, Pos, ThreePl];

    /// <summary>Receipts that tills have to send.</summary>
    public ConcurrentQueue<OfficeRow> Receipts { get; } = new();

    /// <summary>Orders still to be shipped, and postings still to be made.</summary>
    public (int Orders, int Postings) Pending => (_heard.Count + _picking.Count, _toPost.Count);

    public int OutagesOf(OfficeSystem system) => _outages.GetValueOrDefault(system.Name);

    /// <summary>A store's notice: the warehouse hears of new orders. Called under the store's gate.</summary>
    public void Hear(Shop shop, ShopNotice notice)
    {
        if (notice is { Topic: "orders/create", Resource: Order order } && Settings.Stores.ContainsKey(shop.Domain))
        {
            _heard.Enqueue((shop, order.Id, _world.Clock.GetUtcNow()));
        }
    }

    /// <summary>Does what is due. While it drains, nothing new begins and everything is due.</summary>
    public void Tick(bool drain)
    {
        var now = _world.Clock.GetUtcNow();
        Allocate(now, drain);
        Ship(now, drain);
        if (!drain)
        {
            var passed = (now - _lastTick).TotalSeconds;
            Repeat(Settings.TillSalesPerSecond * passed, SellAtTill);
            Repeat(Settings.ThreePlMovesPerSecond * passed, MoveAtThreePl);
            Fail(passed);
        }

        _lastTick = now;
        if (now >= _nextPost || drain)
        {
            _nextPost = now.AddMilliseconds(Settings.PostEveryMs);
            while (_toPost.TryDequeue(out var one))
            {
                Erp.Move(one.Sku, one.Place, -one.Units, one.Reference, one.System);
            }
        }
    }

    /// <summary>Puts the ERP back to an earlier state; what it lost it posts again after a while, under numbers it had used before.</summary>
    public int RestoreErp(int lost)
    {
        _nextPost = _world.Clock.GetUtcNow().AddMilliseconds(Settings.RestoreMs);
        var tail = Erp.Restore(lost);
        foreach (var row in tail)
        {
            _toPost.Enqueue((row.Sku, row.Location, -row.Units!.Value, row.Reference!, row.System!.Value));
        }

        return tail.Count;
    }

    /// <summary>The ERP begins with what the main store has, and with the tills' shop; the 3PL with its own.</summary>
    private List<string> OpenBooks()
    {
        var main = _world.Shops[0];
        lock (main.Gate)
        {
            var variants = main.Variants.Where(v => v.Tracked && v.Sku.Length > 0).OrderBy(v => v.Sku, StringComparer.Ordinal).ToList();
            foreach (var variant in variants)
            {
                foreach (var (index, location) in main.Locations.Index())
                {
                    Erp.Open(variant.Sku, PlaceOf(index), main.Level(variant.ItemId, location.Id)?[StockState.OnHand] ?? 0);
                }
            }

            var skus = variants.Take(TillSkus).Select(v => v.Sku).ToList();
            foreach (var sku in skus)
            {
                Erp.Open(sku, TillPlant, TillUnits);
                Pos.Open(sku, TillShop, TillUnits);
                ThreePl.Open(sku, Facility, TillUnits);
            }

            return skus;
        }
    }

    /// <summary>Plant and storage location of the main store's places.</summary>
    internal static string PlaceOf(int index) => string.Create(CultureInfo.InvariantCulture, $"1000/{index + 1:0000}");

    private void Allocate(DateTimeOffset now, bool drain)
    {
        while (_heard.TryPeek(out var next) && (drain || next.At.AddMilliseconds(Settings.AllocateMs) <= now) && _heard.TryDequeue(out next))
        {
            var (shop, id, _) = next;
            lock (shop.Gate)
            {
                var order = shop.OrderById(id)!;
                foreach (var task in order.FulfillmentOrders.SelectMany(f => f.Lines.Select(line => (f.LocationId, Line: order.Lines.Single(l => l.Id == line.LineId), line.Remaining)))
                    .Where(t => t.Remaining > 0 && t.Line.Physical).GroupBy(t => (t.Line.Sku, Place: PlaceOf(shop, t.LocationId))))
                {
                    Wms.Pick(new OfficeTask(Reference(id), Settings.Stores[shop.Domain], task.Key.Sku, task.Key.Place, task.Sum(t => t.Remaining)));
                }
            }

            _picking.Enqueue((shop, id), now.AddMilliseconds(_random.Next(0, Settings.PickMs + 1)));
        }
    }

    private void Ship(DateTimeOffset now, bool drain)
    {
        while (_picking.TryPeek(out var next, out var due) && (drain || due <= now))
        {
            _picking.Dequeue();
            var (shop, id) = next;
            var system = Settings.Stores[shop.Domain];
            var shipped = OrderDesk.Fulfill(_world, shop, id, null).Accepted ? Shipped(shop, id) : [];
            Wms.Ship(Reference(id), system, shipped);
            foreach (var (sku, place, units) in shipped)
            {
                _toPost.Enqueue((sku, place, units, Reference(id), system));
            }
        }
    }

    private List<(string Sku, string Place, int Units)> Shipped(Shop shop, long id)
    {
        lock (shop.Gate)
        {
            var order = shop.OrderById(id)!;
            return [.. order.Fulfillments.SelectMany(f => f.Lines.Select(line => (f.LocationId, Line: order.Lines.Single(l => l.Id == line.LineId), line.Quantity)))
                .Where(t => t.Line.Physical).GroupBy(t => (t.Line.Sku, Place: PlaceOf(shop, t.LocationId))).Select(g => (g.Key.Sku, g.Key.Place, g.Sum(t => t.Quantity)))];
        }
    }

    private void SellAtTill()
    {
        var sku = _tillSkus[_random.Next(_tillSkus.Count)];
        var units = Math.Min(_random.Next(1, 3), Pos.UnitsOf(sku, TillShop));
        if (units > 0)
        {
            var row = Pos.Sell(sku, TillShop, units);
            Receipts.Enqueue(row);
            _toPost.Enqueue((sku, TillPlant, units, row.Id, Settings.Pos.SourceId));
        }
    }

    private void MoveAtThreePl()
    {
        var sku = _tillSkus[_random.Next(_tillSkus.Count)];
        var units = _random.Next(3) == 0 ? _random.Next(1, 10) : -Math.Min(_random.Next(1, 4), ThreePl.UnitsOf(sku, Facility));
        if (units != 0)
        {
            ThreePl.Move(sku, Facility, units, null, null);
        }
    }

    private void Fail(double passed)
    {
        foreach (var system in All.Where(s => !s.IsDown && Settings.OutageEveryMs > 0 && _random.NextDouble() < passed * 1_000 / Settings.OutageEveryMs))
        {
            _outages[system.Name] = OutagesOf(system) + 1;
            system.Fail(TimeSpan.FromMilliseconds(Settings.OutageMs));
        }
    }

    private void Repeat(double times, Action act)
    {
        var whole = (int)times + (_random.NextDouble() < times - (int)times ? 1 : 0);
        for (var n = 0; n < whole; n++)
        {
            act();
        }
    }

    /// <summary>A place of the main store by its number; the other stores sell out of the first.</summary>
    private string PlaceOf(Shop shop, long location) =>
        shop == _world.Shops[0] && shop.Locations.Select((l, i) => (l.Id, i)).First(l => l.Id == location).i is var index ? PlaceOf(index) : Warehouse;

    private static string Reference(long order) => order.ToString(CultureInfo.InvariantCulture);
}
