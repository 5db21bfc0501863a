using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <content>What is saved, as it is saved: positions (I1), facts (I2) and rises (I4), each kept apart from the rules.</content>
internal sealed partial class Truth
{
    private readonly Dictionary<(SkuId, LocationId), Buckets> _replayed = [];
    private readonly Dictionary<(string Fact, SkuId Sku), (int Committed, int OnHand)> _booked = [];
    private readonly HashSet<string> _movements = [];
    private string? _misbooked;

    /// <summary>Follows every batch that the store takes back; what is wrong with it is said at the next look.</summary>
    public void Saved(WorkingSet set)
    {
        foreach (var entry in set.Entries)
        {
            Note(entry);
        }

        foreach (var order in set.ChangedOrders)
        {
            Note(order);
        }

        foreach (var sku in set.ChangedSkus)
        {
            _misbooked ??= Positions(sku) ?? Rises(set, sku);
        }

        FollowParking(set);
        ForgetWhatIsOver();
    }

    private void Note(LedgerEntry entry)
    {
        var place = (entry.Sku, entry.Location);
        _replayed[place] = _replayed.GetValueOrDefault(place).Add(entry.Bucket, entry.Delta);
        if (entry.FactKey.StartsWith("movement:", StringComparison.Ordinal))
        {
            _misbooked ??= _movements.Add(entry.FactKey) ? null : $"{entry.FactKey} is booked twice";
        }
        else if (entry.FactKey.StartsWith("order:", StringComparison.Ordinal) && entry.Bucket is Bucket.Committed or Bucket.OnHand)
        {
            var booked = _booked.GetValueOrDefault((entry.FactKey, entry.Sku));
            _booked[(entry.FactKey, entry.Sku)] = entry.Bucket == Bucket.Committed
                ? (booked.Committed + entry.Delta, booked.OnHand)
                : (booked.Committed, booked.OnHand + entry.Delta);
        }

        if (entry is { Reason: EntryReason.ReservationCommitted, Bucket: Bucket.Reserved }
            && store.Context.Locations.TryGetValue(entry.Location, out var held) && !held.FulfillsOnline)
        {
            // Units held at a place that is closed on every channel: the order that they became takes them from one that is open.
            _opened[WorldSettings.IndexOf(entry.Sku)] += Math.Max(0, -entry.Delta);
        }
    }

    /// <summary>I2: an order is in the ledger once, as it was told, whatever the number, order and age of its messages.</summary>
    private void Note(OrderState state)
    {
        var shop = shops[(int)state.Connection.Value - 1];
        var order = shop.Orders[state.OrderRef];
        var lines = state.Snapshot is { Test: false } told ? told.Lines : [];
        for (var sku = 0; sku < settings.Skus; sku++)
        {
            var booked = _booked.GetValueOrDefault(($"order:{shop.Number}:{order.Id}", settings.SkuOf(sku)));
            var wanted = WhatItDoes(lines, sku);
            _misbooked ??= booked == wanted ? null : $"order {order.Id} is told with {wanted} of SKU {sku}, booked with {booked}";
        }

        for (var i = 0; i < lines.Length; i++)
        {
            var line = order.Lines[i];
            var units = lines[i].Quantity - Units(lines[i], RestockKind.Cancel) - Units(lines[i], RestockKind.Return);
            _told[shop.Number, line.Item] += units - line.Told;
            _toldClaims[shop.Number, line.Item] += order.Claimed ? units - line.Told : 0;
            line.Told = units;
            if (order.Claimed && !line.Counted)
            {
                _toldUncounted[shop.Number, line.Item] += lines[i].Quantity - line.ToldUncounted;
                line.ToldUncounted = lines[i].Quantity;
            }
        }
    }

    /// <summary>
    /// Open units are committed; what was shipped, or refunded without restock before it was, is gone, but for what came back.
    /// What is refunded without restock beside open units counts as theirs: no channel says whose it was.
    /// </summary>
    private (int Committed, int OnHand) WhatItDoes(IEnumerable<OrderLine> lines, int sku)
    {
        var (committed, onHand) = (0, 0);
        foreach (var line in lines)
        {
            var each = settings.UnitsIn(Shop.ItemOf(line.VariantRef!), sku);
            var unshipped = line.Quantity - line.Fulfilled - Units(line, RestockKind.Cancel);
            var lost = Math.Min(unshipped, Units(line, RestockKind.None));
            committed += Math.Min(line.Open, unshipped - lost) * each;
            onHand += (Units(line, RestockKind.Return) - line.Fulfilled - lost) * each;
        }

        return (committed, onHand);
    }

    private static int Units(OrderLine line, RestockKind kind)
    {
        var units = 0;
        foreach (var restock in line.Restocks)
        {
            units += restock.Kind == kind ? restock.Units : 0;
        }

        return units;
    }

    /// <summary>I1: positions are the sum of the ledger.</summary>
    private string? Positions(SkuState sku)
    {
        foreach (var pool in sku.Pools)
        {
            var replayed = _replayed.GetValueOrDefault((sku.Sku, pool.Location));
            if (replayed != pool.Buckets)
            {
                return $"SKU {WorldSettings.IndexOf(sku.Sku)}: position {pool.Buckets} is not the sum {replayed}";
            }
        }

        return null;
    }

    /// <summary>
    /// I4: nothing is planned that is frozen, and a rise only where the ledger has the units. In guard all that may then be sold is there, whatever was
    /// tampered with before; else the level rises to no more than its place has.
    /// </summary>
    private string? Rises(WorkingSet set, SkuState sku)
    {
        var before = set.FindLoaded(sku.Sku);
        foreach (var level in sku.Levels)
        {
            if (level.InFlight is { } write && before?.FindLevel(level.Id)?.InFlight?.Push != write.Push
                && (Frozen(sku, level, write) ?? (write.Change > 0 ? Unexplained(sku, level, write) : null)) is { } wrong)
            {
                return $"item {WorldSettings.IndexOf(sku.Sku)}: channel {level.Connection.Value} is to go from {write.From} to {write.To}, but {wrong}";
            }
        }

        return null;
    }

    /// <summary>After a freeze nothing is planned that it forbids, whatever was on its way.</summary>
    private string? Frozen(SkuState sku, LevelState level, InFlight write) => Freezes.On(sku, level, store.Context) switch
    {
        BrakeStrength.AllWrites => "its channel is frozen",
        BrakeStrength.Increases when write.Change > 0 => "increases are frozen",
        _ => null,
    };

    private string? Unexplained(SkuState sku, LevelState level, InFlight rise)
    {
        var parts = settings.PartsOf(WorldSettings.IndexOf(sku.Sku));
        if (sku.Mode != EffectiveMode.Guard)
        {
            var there = parts.Min(p => Math.Max(0, store.Sku(settings.SkuOf(p.Sku)).PoolAt(level.Location).Buckets.Unencumbered) / p.Units);
            return rise.To > there ? $"at location {level.Location.Value} there are {there}" : null;
        }

        var cluster = store.ClusterOf(sku.Sku);
        foreach (var part in parts)
        {
            var exposure = Exposures.Of(cluster, settings.SkuOf(part.Sku));
            if (exposure.Units > 0)
            {
                return $"of SKU {part.Sku} there is {exposure}";
            }
        }

        return null;
    }
}
