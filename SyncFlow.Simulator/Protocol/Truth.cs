using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// What really is, counted apart from everything the rules count, and the invariants that hold between the two. A world
/// asks it after every single thing that happened.
/// </summary>
internal sealed class Truth(WorldSettings settings, MemoryStore store, IReadOnlyList<Shop> shops, Agenda agenda)
{
    private readonly int[] _existed = new int[settings.Skus];
    private readonly int[] _takenAway = new int[settings.Skus];
    private readonly int[] _mostShort = new int[settings.Skus];
    private readonly EffectiveMode[] _mode = new EffectiveMode[settings.Skus];

    /// <summary>Units that came into being: the opening stock and what was received.</summary>
    public void Received(int sku, int units) => _existed[sku] += units;

    /// <summary>Units for which an assumption was broken: lost, invented on a level by hand, or sold past the level.</summary>
    public void TakenAway(int sku, int units) => _takenAway[sku] += units;

    /// <summary>Units accepted and not given back, over all channels.</summary>
    public int Sold(int sku) => shops.Sum(s => s.Sold(sku));

    /// <summary>Units that physically remain to be sold; below zero is oversold.</summary>
    public int Left(int sku) => _existed[sku] - Sold(sku);

    /// <summary>Units sold that never existed, beyond those that a broken assumption took.</summary>
    public int Oversold(int sku) => Math.Max(0, -Left(sku) - _takenAway[sku]);

    /// <summary>What is wrong at this moment, or null.</summary>
    public string? Violation()
    {
        for (var sku = 0; sku < settings.Skus; sku++)
        {
            var state = store.Sku(settings.SkuOf(sku));
            if ((Shows(sku) ?? Counts(sku, state) ?? Exposed(sku, state)) is { } wrong)
            {
                return $"SKU {sku}: {wrong}";
            }
        }

        return null;
    }

    private int AllShown(int sku)
    {
        var total = 0;
        foreach (var shop in shops)
        {
            total += Math.Max(0, shop.Shown(sku));
        }

        return total;
    }

    /// <summary>In guard everything on every shelf exists (I7 before anybody buys it).</summary>
    private string? Shows(int sku)
    {
        if (settings.Mode != SharingMode.Guard)
        {
            return null;
        }

        var (shown, left) = (AllShown(sku), Left(sku) + _takenAway[sku]);
        return shown > Math.Max(0, left) ? $"channels show {shown} of {left} units" : null;
    }

    /// <summary>
    /// The two identities of docs/protocol.md: no selling unit shows more than its bound less the sales nobody has told
    /// us of, and no more is thought to be left than is, those sales apart.
    /// </summary>
    private string? Counts(int sku, SkuState state)
    {
        if (settings.BreaksAssumptions)
        {
            return null;
        }

        var unseen = 0;
        foreach (var shop in shops)
        {
            var (shown, bound, news) = (0, 0, 0);
            foreach (var level in state.Levels)
            {
                if (level.Connection.Value == shop.Number)
                {
                    shown += shop.Available(sku, (int)level.Location.Value);
                    bound += level.UpperBound;
                    news += Unseen(shop, sku, level);
                }
            }

            if (shown + news > bound)
            {
                return $"channel {shop.Number} shows {shown} with {news} sold unseen, bound {bound}";
            }

            unseen += news;
        }

        var available = state.Pools.Sum(p => p.Buckets.Unencumbered);
        return Left(sku) < available - unseen
            ? $"{Left(sku)} units are left, but {available} are thought to be, {unseen} sold unseen"
            : null;
    }

    /// <summary>
    /// I3, and what exposure is worth: in every mode, what could be sold beyond what exists is never more than the
    /// exposure that is shown and what is short already. In guard there is none but for units that appeared on a level
    /// without a cause, selling units below zero, and what a fact or a broken assumption took; and its cause is named.
    /// </summary>
    private string? Exposed(int sku, SkuState state)
    {
        var exposure = Exposures.Of(state, store.Context);
        var could = AllShown(sku) - Left(sku) - _takenAway[sku];
        if (could > exposure.Units + Math.Max(0, -exposure.Available))
        {
            return $"{could} units could be sold that do not exist, exposure is {exposure}";
        }

        if (state.Mode != EffectiveMode.Guard || _mode[sku] != EffectiveMode.Guard)
        {
            // What was sold too much before guard stays owed: units that are put back meanwhile are sold again.
            _mostShort[sku] = Math.Max(_mostShort[sku], -exposure.Available);
            _mode[sku] = state.Mode;
        }

        if (state.Mode != EffectiveMode.Guard || exposure.Units == 0)
        {
            return null;
        }

        var allowed = _takenAway[sku] + _mostShort[sku];
        foreach (var shop in shops)
        {
            var bound = 0;
            foreach (var level in state.Levels)
            {
                if (level.Connection.Value == shop.Number)
                {
                    bound += level.UpperBound;

                    // Sales on an unknown side of a reading that showed foreign units stay in doubt with them.
                    allowed += level.Surplus + level.Adopted + (settings.Faults.OutsideIncrease > 0 ? level.UnverifiedUnits : 0);
                }
            }

            allowed += Math.Max(0, -bound);
        }

        return exposure.Units > allowed ? $"{exposure} in guard, {allowed} explained" : null;
    }

    /// <summary>Units the level lost to orders, net of those put back, that belief has not absorbed.</summary>
    private static int Unseen(Shop shop, int sku, LevelState level) =>
        shop.Taken(sku, (int)level.Location.Value) - (int)(level.SoldTotal - level.PutBackTotal) - level.Suspense + level.Adopted;

    /// <summary>After everything has come to rest: every number agrees with every other (I1, I2, I5).</summary>
    public string? AtRest()
    {
        for (var sku = 0; sku < settings.Skus; sku++)
        {
            var state = store.Sku(settings.SkuOf(sku));
            if ((Positions(state) ?? Orders(sku, state) ?? Levels(sku, state)) is { } wrong)
            {
                return $"SKU {sku} at rest: {wrong}";
            }
        }

        return null;
    }

    /// <summary>I1: positions are the replay of the ledger.</summary>
    private string? Positions(SkuState state)
    {
        foreach (var pool in state.Pools)
        {
            var replayed = store.Entries
                .Where(e => e.Sku == state.Sku && e.Location == pool.Location)
                .Aggregate(default(Buckets), (sums, e) => sums.Add(e.Bucket, e.Delta));
            if (replayed != pool.Buckets)
            {
                return $"position {pool.Buckets} is not the replay {replayed}";
            }
        }

        return null;
    }

    /// <summary>I2: each order is in the ledger exactly once, as it is.</summary>
    private string? Orders(int sku, SkuState state)
    {
        var orders = shops.SelectMany(s => s.Orders.Values).Where(o => o.Sku == sku).ToList();
        var open = orders.Sum(o => o.Open);
        var committed = state.Pools.Sum(p => p.Buckets.Committed);
        if (open != committed)
        {
            return $"{open} units are open in orders, {committed} committed";
        }

        var gone = orders.Sum(o => o.FulfilledUnits);
        var shipped = -store.Entries
            .Where(e => e.Sku == state.Sku && e.Reason is EntryReason.Fulfilment or EntryReason.Return).Sum(e => e.Delta);
        return gone == shipped ? null : $"{gone} units were shipped, {shipped} booked";
    }

    /// <summary>I5: every level shows its target, and nothing is left to prove.</summary>
    private string? Levels(int sku, SkuState state)
    {
        foreach (var level in state.Levels.Where(l => l.Status == LevelStatus.Live))
        {
            var shop = shops[(int)level.Connection.Value - 1];
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

        var exposure = Exposures.Of(state, store.Context);
        return settings.Mode == SharingMode.Guard && exposure.Units > 0 && !settings.BreaksAssumptions
            ? $"{exposure.Units} units are exposed ({exposure.Cause}) at {agenda.Now:T}"
            : null;
    }
}
