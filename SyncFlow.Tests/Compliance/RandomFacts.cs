using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Storage;

namespace SyncFlow.Tests.Compliance;

/// <summary>
/// Facts as channels and people might send them, from a seed: orders that are edited, shipped, cancelled and refunded,
/// repeated and late, some for units that were reserved; levels announced and read; movements and operations, some of them
/// twice, some late; counts as of earlier moments, and counts taken back; levels that come and go.
/// </summary>
/// <param name="scope">Sets the names of this sequence apart from those of others in the same tenant.</param>
/// <param name="first">The place of its first item among the merchant's; it uses <see cref="Items"/>.</param>
internal sealed class RandomFacts(Random random, string scope, int first, StoreUnderTest store)
{
    /// <summary>Items of one sequence; the last may be a kit of the others.</summary>
    public const int Items = 3;

    private readonly List<(int Channel, OrderSnapshot Snapshot)> _orders = [];
    private readonly Dictionary<string, (string Key, SkuId Sku, DateTimeOffset At, int Units)> _sheets = [];
    private int _count;

    /// <summary>References of reservations that orders may carry.</summary>
    public List<string> Reservations { get; } = [];

    /// <summary>The next fact.</summary>
    /// <param name="sku">How a SKU stands, for the marks of a reading.</param>
    public Fact Next(DateTimeOffset now, Func<SkuId, SkuState> sku) => random.Next(100) switch
    {
        < 35 => Place(now),
        < 55 => Change(now),
        < 65 => Repeat(now),
        < 75 => Announce(now),
        < 84 => Read(now, sku),
        < 88 => Move(now),
        < 93 => Operate(now),
        < 96 => Count(now),
        < 98 => Withdraw(now),
        _ => Stocking(now),
    };

    private int Channel() => random.Next(store.Connections.Count);

    private int Item() => first + random.Next(Items);

    private OrderFact Place(DateTimeOffset now)
    {
        var lines = Enumerable.Range(0, 1 + random.Next(Items)).Select(n =>
        {
            var units = 1 + random.Next(3);
            return new OrderLine { LineRef = $"{n}", VariantRef = Merchant.Variant(first + n), Quantity = units, Open = units, Fulfilled = 0 };
        });
        _orders.Add((Channel(), new OrderSnapshot
        {
            OrderRef = $"{scope}-{++_count}",
            Version = new FactVersion(now.UtcTicks, 0, now.UtcTicks),
            Origin = SnapshotOrigin.Webhook,
            CreatedAt = now,
            SourceName = random.Next(5) == 0 ? "580111" : "web",
            ReservationRef = Reservations.Count > 0 && random.Next(3) == 0 ? Reservations[random.Next(Reservations.Count)] : null,
            Lines = [.. lines],
        }));
        return Of(_orders[^1], now);
    }

    private OrderFact Change(DateTimeOffset now)
    {
        if (_orders.Count == 0)
        {
            return Place(now);
        }

        var place = random.Next(_orders.Count);
        var (channel, old) = _orders[place];
        var line = old.Lines[0];
        var next = random.Next(4) switch
        {
            0 => line with { Quantity = line.Quantity + 1, Open = line.Open + 1 },
            1 when line.Open > 0 => line with { Open = line.Open - 1, Fulfilled = line.Fulfilled + 1 },
            2 when line.Open > 0 => line with
            {
                Open = line.Open - 1,
                Restocks = line.Restocks.Add(new Restock(
                    $"{old.OrderRef}-r{line.Restocks.Length}", (RestockKind)(1 + random.Next(3)), 1, random.Next(2) == 0 ? Merchant.Shelf : null)),
            },
            _ => line with { Open = 0 },
        };
        var fetched = random.Next(3) == 0;
        _orders[place] = (channel, old with
        {
            Version = new FactVersion(now.UtcTicks, fetched ? (short)1 : (short)0, now.UtcTicks),
            Origin = fetched ? SnapshotOrigin.Fetch : SnapshotOrigin.Webhook,
            Cancelled = old.Cancelled || (next.Open == 0 && random.Next(2) == 0),
            Lines = old.Lines.SetItem(0, next),
        });
        return Of(_orders[place], now);
    }

    /// <summary>An order again, as it was or with a version of long ago.</summary>
    private OrderFact Repeat(DateTimeOffset now)
    {
        if (_orders.Count == 0)
        {
            return Place(now);
        }

        var (channel, snapshot) = _orders[random.Next(_orders.Count)];
        return Of((channel, random.Next(2) == 0 ? snapshot : snapshot with { Version = new FactVersion(1, 0, 1) }), now);
    }

    private OrderFact Of((int Channel, OrderSnapshot Snapshot) order, DateTimeOffset now) => new(
        $"order:{store.Connections[order.Channel].Value}:{order.Snapshot.OrderRef}", store.Connections[order.Channel], ++_count, now, order.Snapshot);

    private LevelAnnounced Announce(DateTimeOffset now) => new(
        $"level:{scope}:{++_count}", store.Connections[Channel()], _count, now, $"item-{Item()}", Merchant.Shelf,
        random.Next(20) == 0 ? null : random.Next(-1, 25), random.Next(10) == 0 ? 0 : now.UtcTicks);

    private LevelRead Read(DateTimeOffset now, Func<SkuId, SkuState> sku)
    {
        var state = sku(store.Skus[Item()]);
        var level = state.Levels[random.Next(state.Levels.Length)];
        var shown = random.Next(2) == 0 ? level.Belief ?? 0 : random.Next(0, 25);
        var reading = new Reading(
            level.Id, random.Next(3) == 0 ? ReadingKind.Plain : ReadingKind.Drained, level.Generation, shown, shown + level.OpenClaims,
            random.Next(4) == 0 ? random.Next(5) : level.OpenClaims, now.AddMilliseconds(-20), level.SoldTotal, level.PutBackTotal,
            level.PushedTotal, level.OpenClaims, SafetyStock: level.Shelf is null ? null : level.Shelf.Parked + Math.Max(0, random.Next(-6, 3)),
            ParkedMark: level.Shelf?.MovedTotal ?? 0);
        return new LevelRead($"reading:{scope}:{++_count}", level.Connection, _count, now, reading);
    }

    private StockMovement Move(DateTimeOffset now) => new(
        $"movement:{scope}:{random.Next(12)}", null, ++_count, now, store.Skus[Item()], store.Location, Bucket.OnHand,
        random.Next(3) == 0 ? -1 - random.Next(4) : 1 + random.Next(9), EntryReason.Adjustment);

    /// <summary>Goods that come in, some to be looked at, are found damaged, go back to stock or are thrown away; some are told twice.</summary>
    private StockOperation Operate(DateTimeOffset now)
    {
        var (kind, from, to) = random.Next(6) switch
        {
            0 => (OperationKind.Receipt, StockCondition.Available, StockCondition.Available),
            1 => (OperationKind.Receipt, StockCondition.Available, StockCondition.Inspection),
            2 => (OperationKind.Return, StockCondition.Available, StockCondition.Inspection),
            3 => (OperationKind.Move, StockCondition.Available, StockCondition.Damaged),
            4 => (OperationKind.Move, StockCondition.Inspection, StockCondition.Available),
            _ => (OperationKind.WriteOff, StockCondition.Damaged, StockCondition.Available),
        };
        return new StockOperation(
            $"operation:{scope}:{random.Next(30)}", ++_count, Earlier(now), store.Skus[Item()],
            OperationLegs.Of(kind, store.Location, 1 + random.Next(3), from, to));
    }

    /// <summary>A count, some of them told twice.</summary>
    private CountTaken Count(DateTimeOffset now)
    {
        var (key, sku, at, units) = Sheet(now);
        return new CountTaken(key, ++_count, at, sku, store.Location, units);
    }

    /// <summary>A count is taken back, some before it is told; one in four names another moment than the count's.</summary>
    private CountWithdrawn Withdraw(DateTimeOffset now)
    {
        var (key, sku, at, _) = Sheet(now);
        return new CountWithdrawn($"{key}:withdrawn", ++_count, random.Next(4) == 0 ? Earlier(now) : at, sku, store.Location, key);
    }

    /// <summary>One of a few counts as somebody wrote it down; a new one is of an earlier moment, or of now.</summary>
    private (string Key, SkuId Sku, DateTimeOffset At, int Units) Sheet(DateTimeOffset now)
    {
        var key = $"count:{scope}:{random.Next(8)}";
        return _sheets.TryGetValue(key, out var known)
            ? known
            : _sheets[key] = (key, store.Skus[Item()], Earlier(now), random.Next(0, 25));
    }

    /// <summary>Now, or a moment before; whole minutes, so that some coincide.</summary>
    private DateTimeOffset Earlier(DateTimeOffset now)
    {
        var then = now.AddMinutes(-random.Next(0, 10));
        return random.Next(2) == 0 ? now : then.AddTicks(-(then.Ticks % TimeSpan.TicksPerMinute));
    }

    private ChannelChanged Stocking(DateTimeOffset now) => new(
        $"channel:{scope}:{++_count}", store.Connections[Channel()], _count, now,
        random.Next(3) == 0 ? ChannelChange.LevelDisconnected : ChannelChange.LevelConnected, $"item-{Item()}", Merchant.Shelf);
}
