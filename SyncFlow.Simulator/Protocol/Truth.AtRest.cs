using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <content>What must hold when buyers and faults have gone.</content>
internal sealed partial class Truth
{
    /// <summary>After everything has come to rest: every number agrees with every other (I1, I2, I5).</summary>
    public string? AtRest()
    {
        for (var item = 0; item < settings.Items; item++)
        {
            var state = store.Sku(settings.SkuOf(item));
            if (((state.IsKit ? null : Orders(item, state) ?? Offered(item)) ?? Levels(item, state)) is { } wrong)
            {
                return $"item {item} at rest: {wrong}";
            }
        }

        return Shelves();
    }

    /// <summary>
    /// In guard everything on every shelf exists again, whatever was tampered with before. A till sells what lies in the shop,
    /// a level that was halted waits for a person, and at the authority's shelf a hand may be mistaken (see there).
    /// </summary>
    private string? Offered(int sku)
    {
        if (store.Sku(settings.SkuOf(sku)) is not { Mode: EffectiveMode.Guard, Policy.Mode: SharingMode.Guard } || settings.Till || settings.Parks
            || store.Skus.Any(s => s.Levels.Any(l => l.Status is LevelStatus.Halted or LevelStatus.Blocked)))
        {
            return null;
        }

        var (offered, left) = (AllOffered(sku) - Sum(sku, Unwritten), Math.Max(0, Left(sku) + Sum(sku, SoldUnwritten)));
        return offered > left ? $"channels show {offered} of {left} units" : null;
    }

    /// <summary>
    /// Units that a hand put on levels where nobody ever counted anything in, or that came back there with orders of items not counted,
    /// which had taken nothing: nothing is written there, so they stay, and that is alarmed.
    /// </summary>
    private int Unwritten(Shop shop, int item)
    {
        var units = 0;
        foreach (var level in store.Sku(settings.SkuOf(item)).Levels)
        {
            if (IsUnwritten(shop, item, level))
            {
                units += Math.Max(0, shop.Available(item, (int)level.Location.Value));
            }
        }

        return Math.Min(units, _tampered[shop.Number, item] + shop.ReturnedUntaken(item));
    }

    /// <summary>Of the units that a hand put there, those that were sold there: they were that place's own, and nobody else makes up for them.</summary>
    private int SoldUnwritten(Shop shop, int item)
    {
        var units = 0;
        foreach (var level in store.Sku(settings.SkuOf(item)).Levels)
        {
            var location = (int)level.Location.Value;
            if (IsUnwritten(shop, item, level) && _raised.TryGetValue((shop.Number, item, location), out var raised))
            {
                units += Math.Clamp(raised - Math.Max(0, shop.Available(item, location)), 0, Math.Max(0, shop.Taken(item, location)));
            }
        }

        return units;
    }

    private bool IsUnwritten(Shop shop, int item, LevelState level) => level.Connection.Value == shop.Number && level.Target is null
        && settings.PartsOf(item).Any(p => !store.Sku(settings.SkuOf(p.Sku)).PoolAt(level.Location).Opened);

    /// <summary>I2: each order is in the ledger exactly once, as it is.</summary>
    private string? Orders(int sku, SkuState state)
    {
        var lines = shops.SelectMany(s => s.Orders.Values).Where(o => !o.Test).SelectMany(o => o.Lines)
            .Select(l => l.Snapshot(assigned: false));
        var (open, gone) = WhatItDoes(lines, sku);
        var committed = state.Pools.Sum(p => p.Buckets.Committed);
        if (open != committed)
        {
            return $"{open} units are open in orders, {committed} committed";
        }

        var (held, reserved) = (carts.Held(sku), state.Pools.Sum(p => p.Buckets.Reserved));
        if (held != reserved)
        {
            return $"{held} units are held for carts, {reserved} reserved";
        }

        var booked = -store.Entries
            .Where(e => e.Sku == state.Sku && e.Bucket == Bucket.OnHand && e.FactKey.StartsWith("order:", StringComparison.Ordinal)).Sum(e => e.Delta);
        return gone == -booked ? null : $"{-gone} units are gone with orders, {booked} booked";
    }

    /// <summary>
    /// Units that the other channels sold where the till is, or that are held for carts, beyond what was set aside: their goods
    /// lie on its shelf.
    /// </summary>
    private int OnTheTillsShelf(int sku)
    {
        var units = carts.Held(sku) - _aside[sku];
        foreach (var line in shops.Where(s => s.Kind != ShopKind.Till).SelectMany(s => s.Orders.Values).Where(o => !o.Test).SelectMany(o => o.Lines))
        {
            units += settings.UnitsIn(line.Item, sku) * (line.OpenAt(0) + line.GoneFrom(0));
        }

        return Math.Max(0, units);
    }

    /// <summary>I5: every level shows its target, and nothing is left to prove.</summary>
    private string? Levels(int sku, SkuState state)
    {
        foreach (var level in state.Levels)
        {
            var shop = shops[(int)level.Connection.Value - 1];
            if (level.Status != LevelStatus.Live)
            {
                return $"channel {shop.Number} sells from a level that is {level.Status}";
            }

            var shown = shop.Available(sku, (int)level.Location.Value);
            if (shown != level.Belief || (level.Target is { } target && target != shown))
            {
                return $"channel {shop.Number} shows {shown}, believed {level.Belief}, wanted {level.Target}; {level}";
            }

            if (level.UnverifiedUnits + level.Suspense + level.Surplus > 0 || level.InFlight is not null)
            {
                return $"channel {shop.Number} is not proven: {level}";
            }
        }

        var exposure = Exposures.Of(store.ClusterOf(state.Sku), state.Sku);
        if ((exposure.Units == 0 || state.Mode == EffectiveMode.Shared) && store.OpenIncidents.Contains(ExposureAlarms.KeyOf(state.Sku)))
        {
            return "nothing is exposed that should not be, and an alarm still says so";
        }

        // Units that came back where nobody ever counted are on sale there. Where more is promised than there is, a till may all
        // the same sell what was not set aside from it; and else what orders of the others are for and nobody set aside.
        var tills = !settings.Till || state.IsKit ? 0
            : exposure.Available < 0 ? SetAsides.MayBeTaken(state, store.Context, ProtocolWorld.Group) : OnTheTillsShelf(sku);
        return state.Mode == EffectiveMode.Guard && exposure.Units > tills + Uncounted(state) && !settings.BreaksAssumptions
            ? $"{exposure.Units} units are exposed ({exposure.Cause}) at {agenda.Now:T}"
            : null;
    }
}
