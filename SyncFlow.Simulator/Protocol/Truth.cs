using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// What really is, counted apart from everything the rules count, and the invariants that hold between the two. A world
/// asks it after every single thing that happened.
/// </summary>
internal sealed partial class Truth(WorldSettings settings, MemoryStore store, IReadOnlyList<Shop> shops, Carts carts, Agenda agenda)
{
    /// <summary>Within it the next sweep comes, also where a crash took one back.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(2);

    private readonly int[] _existed = new int[settings.Skus];
    private readonly int[] _takenAway = new int[settings.Skus];
    private readonly int[] _opened = new int[settings.Skus];
    private readonly int[] _aside = new int[settings.Skus];
    private readonly int[] _mostShort = new int[settings.Skus];
    private readonly DateTimeOffset?[] _exposedSince = new DateTimeOffset?[settings.Skus];
    private readonly (SkuState? State, int Version, EngineContext? Context, Exposure? Exposure)[] _exposure =
        new (SkuState?, int, EngineContext?, Exposure?)[settings.Skus];

    private readonly EffectiveMode[] _mode = new EffectiveMode[settings.Skus];

    /// <summary>Units that came into being: the opening stock and what was received.</summary>
    public void Received(int sku, int units) => _existed[sku] += units;

    /// <summary>Units for which an assumption was broken: lost, invented on a level by hand, or sold past the level.</summary>
    public void TakenAway(int item, int units) => Add(_takenAway, item, units);

    /// <summary>Units that a channel may sell again, as far as we know, because a location was opened or closed there.</summary>
    public void MaySellAgain(int item, int units) => Add(_opened, item, units);

    /// <summary>Units that were put where only online orders take them from.</summary>
    public void SetAside(int sku, int units) => _aside[sku] += units;

    /// <summary>Units accepted and not given back, over all channels, by themselves and in kits.</summary>
    public int Sold(int sku) => Sum(sku, static (shop, item) => shop.Sold(item));

    /// <summary>Units that physically remain to be sold; below zero is oversold.</summary>
    public int Left(int sku) => _existed[sku] - Sold(sku);

    /// <summary>Units sold that never existed, beyond those that a broken assumption took.</summary>
    public int Oversold(int sku) => Math.Max(0, -Left(sku) - _takenAway[sku]);

    /// <summary>What is wrong at this moment, or null.</summary>
    public string? Violation()
    {
        if (_misbooked is not null)
        {
            return _misbooked;
        }

        LookAtHands();
        LookBehind();
        for (var sku = 0; sku < settings.Skus; sku++)
        {
            var state = store.Sku(settings.SkuOf(sku));
            if ((Shows(sku) ?? Counts(sku) ?? Exposed(sku, state)) is { } wrong)
            {
                return $"SKU {sku}: {wrong}";
            }
        }

        _steps++;
        return null;
    }

    /// <summary>What could be bought of a SKU, or is promised to somebody, by itself and in kits.</summary>
    private int AllOffered(int sku) => carts.Promised(sku) + Sum(sku, static (shop, item) => Math.Max(0, shop.Shown(item)));

    private void Add(int[] counts, int item, int units)
    {
        foreach (var part in settings.PartsOf(item))
        {
            counts[part.Sku] += units * part.Units;
        }
    }

    /// <summary>Over all channels, and over all that takes units of a SKU.</summary>
    private int Sum(int sku, Func<Shop, int, int> figure)
    {
        var total = 0;
        for (var item = sku; item < settings.Items; item = item < settings.Skus ? settings.Skus : item + 1)
        {
            var each = settings.UnitsIn(item, sku);
            foreach (var shop in shops)
            {
                total += each == 0 ? 0 : each * figure(shop, item);
            }
        }

        return total;
    }

    /// <summary>In guard everything on every shelf exists (I7 before anybody buys it).</summary>
    private string? Shows(int sku)
    {
        if (!settings.AlwaysGuard || settings.Bounded > 0)
        {
            // Where guard is bounded, exposure and what is beyond it say how much is not there.
            return null;
        }

        var (offered, left) = (AllOffered(sku), Left(sku) + _takenAway[sku]);
        return offered > Math.Max(0, left) ? $"channels show {offered} of {left} units, {carts.Promised(sku)} of them promised" : null;
    }

    /// <summary>
    /// I3, and what exposure is worth: in every mode, what could be sold beyond what exists is never more than the
    /// exposure that is shown and what is short already. In guard there is none but for units that appeared on a level
    /// without a cause, selling units below zero, and what a fact or a broken assumption took; its cause is named, and where
    /// it stays somebody is told.
    /// </summary>
    private string? Exposed(int sku, SkuState state)
    {
        if (settings.RunsMoreRisk)
        {
            return null;
        }

        var exposure = ExposureOf(sku, state);
        var buffered = Buffered(state);

        // A till sells what is kept back as well.
        var could = AllOffered(sku) - Left(sku) - _takenAway[sku] + (settings.Till ? 0 : buffered);
        if (could > exposure.Units + Math.Max(0, -exposure.Available) + ShortWhereAllIsClosed(sku, state) + BeyondReserves(sku))
        {
            return $"{could} units could be sold that do not exist, exposure is {exposure}";
        }

        if (state.Mode != EffectiveMode.Guard || _mode[sku] != EffectiveMode.Guard)
        {
            // What was sold too much before guard stays owed: units that are put back meanwhile are sold again.
            _mostShort[sku] = Math.Max(_mostShort[sku], -exposure.Available - buffered);
            _mode[sku] = state.Mode;
        }

        if (!IsExposed(state, exposure))
        {
            _exposedSince[sku] = null;
            return null;
        }

        var since = _exposedSince[sku] ??= agenda.Now;
        if (agenda.Now - since > ExposureAlarms.Patience(store.Context) + Look && !store.OpenIncidents.Contains(ExposureAlarms.KeyOf(state.Sku)))
        {
            return $"{exposure.Units} units are exposed in guard since {since:T} ({exposure.Cause}), and nobody was told";
        }

        var allowed = _takenAway[sku] + _opened[sku] + _mostShort[sku] + Uncounted(state) + BookedAsGone(sku) + Sum(sku, Explained) + OfBoundedGuard(sku);
        return exposure.Units > allowed + buffered ? $"{exposure} in guard, {allowed} explained, buffer {buffered}" : null;
    }

    /// <summary>Most things that happen change nothing that exposure follows from: then it is what it was.</summary>
    private Exposure ExposureOf(int sku, SkuState state)
    {
        ref var known = ref _exposure[sku];
        var (version, context) = (settings.Items > settings.Skus ? store.Version : 0, store.Context);
        if (known.Exposure is null || known.Version != version || !ReferenceEquals(known.State, state) || !ReferenceEquals(known.Context, context))
        {
            known = (state, version, context, Exposures.Of(store.ClusterOf(state.Sku), state.Sku));
        }

        return known.Exposure;
    }

    private static bool IsExposed(SkuState state, Exposure exposure) => state.Mode == EffectiveMode.Guard && exposure.Units > 0;

    /// <summary>
    /// Exposure that is gone after a batch is over, also where a batch of the same moment exposes others: what comes then has stood
    /// for no time yet.
    /// </summary>
    private void ForgetWhatIsOver()
    {
        for (var sku = 0; sku < settings.Skus; sku++)
        {
            if (_exposedSince[sku] is not null && store.Sku(settings.SkuOf(sku)) is var state && !IsExposed(state, ExposureOf(sku, state)))
            {
                _exposedSince[sku] = null;
            }
        }
    }

    /// <summary>Units that are there and never to be shown: a buffer that the merchant raises is a fact to every channel that shows them.</summary>
    private int Buffered(SkuState state)
    {
        var units = 0;
        foreach (var pool in state.Pools)
        {
            units += AvailableToSell.GroupOf(pool, store.Context) is null ? 0 : AvailableToSell.BufferOf(pool, state.Policy);
        }

        return units;
    }

    /// <summary>
    /// Units that came back to places where nobody ever counted anything in: levels there show them, and no pool has them. What other
    /// levels there are below zero by is owed by the counted places, so it is not taken off what came back.
    /// </summary>
    private static int Uncounted(SkuState state)
    {
        var units = 0;
        foreach (var pool in state.Pools)
        {
            if (!pool.Opened)
            {
                var owed = state.Levels.Where(l => l.Location == pool.Location).Sum(l => Math.Max(0, -l.Belief ?? 0) * l.UnitsPerSale);
                units += Math.Max(0, pool.Buckets.Unencumbered + owed);
            }
        }

        return units;
    }

    /// <summary>
    /// Units promised beyond what is there where every place is closed on every channel: nothing is available then that could say them.
    /// Those of orders that nobody has told of too, which drafts became there: no level has a bound to count them in.
    /// </summary>
    private int ShortWhereAllIsClosed(int sku, SkuState state) => AvailableToSell.Groups(state, store.Context).Count > 0
        ? 0
        : Math.Max(0, Sum(sku, (shop, item) => Math.Max(0, shop.Sold(item) - _told[shop.Number, item])) - state.Pools.Sum(p => Math.Min(0, p.Buckets.Unencumbered)));

    /// <summary>Of the exposure by one selling unit, what has a cause that is named.</summary>
    private int Explained(Shop shop, int item)
    {
        if (shop.Kind == ShopKind.Till)
        {
            // What came back over the counter is sold again at once, whether we know that it came back or not.
            return Math.Max(0, _told[shop.Number, item] - shop.Sold(item));
        }

        var (explained, below, bound) = (0, 0, 0);
        foreach (var level in store.Sku(settings.SkuOf(item)).Levels)
        {
            if (level.Connection.Value != shop.Number)
            {
                continue;
            }

            if (Exposures.MayArrive(store.ClusterOf(settings.SkuOf(item)), settings.SkuOf(item), level, ProtocolWorld.Group))
            {
                // Its place took its units with it on every channel; until it is read they may be elsewhere.
                explained += Math.Max(0, level.UpperBound + level.Suspense);
            }
            else if (Exposures.InGroup(store.Context, level, ProtocolWorld.Group))
            {
                // One that is closed below zero takes nothing from the others any more, and what is told of as sold there was
                // taken from one of them.
                explained += level.IsLeaving || level.Status == LevelStatus.Closed ? Math.Max(0, -(level.Belief ?? 0)) : 0;
                explained += level.Status == LevelStatus.Closed ? Math.Max(0, -Unseen(shop, item, level)) : 0;

                // Nor is it read: what drafts held there and orders have by now is held still, beside what the orders have.
                explained += level.Status == LevelStatus.Closed ? Math.Max(0, level.DraftHolds - shop.Reserved(item, (int)level.Location.Value)) : 0;
                bound += level.UpperBound;
                below += Math.Max(0, -level.UpperBound);

                // What appeared and is not seen any more is sought on the others first.
                explained += level.Surplus + level.Adopted + level.Unverified.Where(u => u.Sought == level.Id).Sum(u => u.Units);
                explained += DoubtsForeignUnits(shop, item, level) ? level.UnverifiedUnits : 0;
            }
        }

        return explained + (shop.Kind == ShopKind.Absolute ? below : Math.Max(0, -bound)) + Moved(shop, item);
    }

    /// <summary>
    /// Whether units in doubt on a level may be there without a decrease that was not done: sales on an unknown side of a reading that
    /// showed foreign units stay in doubt with them; where an order left they are foreign until its move is known; what is put back on a
    /// level at zero may be sold again before that is proven; what an order took beside a closed level may have moved with all that lay
    /// there.
    /// </summary>
    private bool DoubtsForeignUnits(Shop shop, int item, LevelState level) =>
        level.Surplus + level.Adopted > 0 || settings.UnitsAppear || settings.Faults.ClosedInto > 0
        || (settings.Faults.ClosedPlace > 0 && settings.Locations > 1) || shop.Kind == ShopKind.Absolute || shop.MovedOrders(item) > 0;

    /// <summary>
    /// Units booked at another place first than the one they were taken from. Where a level was proven to be empty before
    /// that was learned, the bound counts them once too often until the next reading.
    /// </summary>
    private int Moved(Shop shop, int item)
    {
        var units = 0;
        if (settings.Locations > 1 && shop.Kind == ShopKind.Absolute)
        {
            foreach (var order in shop.Orders.Values)
            {
                foreach (var line in order.Lines)
                {
                    units += line.Item == item && line.Home != 0 ? line.Quantity : 0;
                }
            }
        }

        return units + shop.MovedOrders(item);
    }
}
