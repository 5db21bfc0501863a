using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
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
    }

    /// <summary>I2: an order is in the ledger once, as it was told, whatever the number, order and age of its messages.</summary>
    private void Note(Core.Orders.OrderState state)
    {
        var shop = shops[(int)state.Connection.Value - 1];
        var order = shop.Orders[state.OrderRef];
        var line = state.Snapshot?.Lines[0];
        foreach (var part in settings.PartsOf(order.Sku))
        {
            var booked = _booked.GetValueOrDefault(($"order:{shop.Number}:{order.Id}", settings.SkuOf(part.Sku)));
            var told = (Committed: (line?.Open ?? 0) * part.Units, OnHand: -(line?.Fulfilled ?? 0) * part.Units);
            _misbooked ??= booked == told ? null : $"order {order.Id} is told with {told} of SKU {part.Sku}, booked with {booked}";
        }

        var units = state.Snapshot is { Cancelled: false } ? order.Units : 0;
        _told[shop.Number, order.Sku] += units - order.Told;
        _toldClaims[shop.Number, order.Sku] += order.Claimed ? units - order.Told : 0;
        order.Told = units;
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
    /// I4: a rise is planned only where the ledger has the units. In guard all that may then be sold is there, whatever was
    /// tampered with before; else the level rises to no more than its place has.
    /// </summary>
    private string? Rises(WorkingSet set, SkuState sku)
    {
        var before = set.FindLoaded(sku.Sku);
        foreach (var level in sku.Levels)
        {
            if (level.InFlight is { Change: > 0 } rise && before?.FindLevel(level.Id)?.InFlight?.Push != rise.Push
                && Unexplained(sku, level, rise) is { } wrong)
            {
                return $"item {WorldSettings.IndexOf(sku.Sku)}: channel {level.Connection.Value} is to rise from {rise.From} to {rise.To}, but {wrong}";
            }
        }

        return null;
    }

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
