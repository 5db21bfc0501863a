using System.Collections.Immutable;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// Disjoint shares. A sale needs no write: the channel's own share went down by itself. Units move only when there are
/// new ones to share out, when too many are shown, when a channel's cover falls below half its share, or after a change
/// of rules; and always by decrease, then proof, then increase. Kits and their parts are shared jointly: every part
/// covers all that is sold of it, by itself or in kits.
/// </summary>
/// <param name="targets">Takes the levels' targets.</param>
/// <param name="accounts">Takes how their shares came about; null where nobody asks.</param>
internal sealed class GuardQuotas(
    Cluster cluster, DateTimeOffset now, Dictionary<LevelId, int> targets, Dictionary<LevelId, ShareAccount>? accounts = null)
{
    private readonly EngineContext _context = cluster.Context;

    /// <summary>What bounded guard keeps off levels that skip the zero barrier, in sales.</summary>
    public Dictionary<LevelId, int> Kept { get; } = [];

    /// <summary>SKUs with levels above their share.</summary>
    public HashSet<SkuId> Unsettled { get; } = [];

    /// <summary>Wishes for the levels at one location; increases are clamped afterwards over the whole group.</summary>
    /// <param name="units">What can be shown of each SKU that is no kit, per location.</param>
    public void Assign(LocationId location, SellableUnits units)
    {
        var free = units.At(location);
        if (_context.HasUncappable(location))
        {
            foreach (var part in cluster.Skus.Where(s => free.ContainsKey(s.Sku)))
            {
                free[part.Sku] -= SetAsides.MayBeTaken(part, _context, part.PoolAt(location));
            }
        }

        var owners = new List<Owner>(1);
        foreach (var sku in cluster.Skus)
        {
            if (OwnerAt(location, sku, free) is { } owner)
            {
                owners.Add(owner);
            }
        }

        foreach (var part in free.Keys)
        {
            free[part] = Math.Max(0, free[part]);
        }

        var given = JointShares.Assign(
            owners.ConvertAll(o => new JointClaim(o.Sku.Sku, WeightOf(o.Sku, owners.Count), o.Uses)),
            new Dictionary<SkuId, int>(free));
        var wishes = new List<Quota>();
        for (var i = 0; i < owners.Count; i++)
        {
            Wish(owners[i], location, given[i] + owners[i].Held, units, wishes);
        }

        Settle(wishes, free);
    }

    /// <summary>Increases of a group together take no more than its budget: what there is less what may still be sold.</summary>
    public void Clamp(int group)
    {
        var rising = Rising(group);
        var absolute = cluster.Skus.Any(s => s.Levels.Any(l => ZeroBarrier.IsAbsolute(l, _context)));
        if (rising.Count == 0 && !absolute)
        {
            return;
        }

        var counted = absolute ? LagReserves.With(cluster, Kept) : cluster;
        var budget = cluster.Skus.Where(s => !s.IsKit).ToDictionary(
            s => s.Sku, s => Math.Max(0, AvailableToSell.InGroup(counted, s.Sku, group) - Exposures.UpperBound(counted, s.Sku, group)));
        if (absolute)
        {
            ZeroBarrier.Route(counted, group, budget, targets, Kept);
            rising = Rising(group);
        }

        foreach (var (sku, level) in rising
            .OrderByDescending(r => targets[r.Level.Id] - Quota.Coming(r.Level))
            .ThenBy(r => _context.Channels[r.Level.Connection].Priority).ThenBy(r => r.Level.Id.Value))
        {
            var uses = Draws.ComponentsOf(cluster, sku.Sku, level.UnitsPerSale);
            var rise = Math.Min(JointShares.Most(uses, budget), targets[level.Id] - Quota.Coming(level));
            if (Quota.Coming(level) + rise <= 0 && ZeroBarrier.IsAbsolute(level, _context))
            {
                // It never sells below zero: by what was sold there beyond belief, values have put units back. Lifting that by
                // less than it needs would sell nothing, and use up the reserve for what is sold there unseen.
                targets[level.Id] = Quota.Coming(level);
                continue;
            }

            targets[level.Id] = Quota.Coming(level) + rise;
            foreach (var use in uses)
            {
                budget[use.Sku] -= rise * use.Units;
            }
        }
    }

    /// <summary>Levels of a group that are to show more than they will once their pushes on the way have arrived.</summary>
    private List<(SkuState Sku, LevelState Level)> Rising(int group)
    {
        var rising = new List<(SkuState, LevelState)>();
        foreach (var sku in cluster.Skus)
        {
            foreach (var level in sku.Levels)
            {
                if (targets.TryGetValue(level.Id, out var target) && Exposures.InGroup(_context, level, group)
                    && target > Quota.Coming(level))
                {
                    rising.Add((sku, level));
                }
            }
        }

        return rising;
    }

    /// <summary>
    /// A SKU with its levels at a location, null where none can be written. What nobody may lower now is set aside
    /// first, whether any can or not: nobody else is raised from it.
    /// </summary>
    private Owner? OwnerAt(LocationId location, SkuState sku, Dictionary<SkuId, int> free)
    {
        var levels = new List<LevelState>(sku.Levels.Length);
        foreach (var level in sku.Levels)
        {
            if (level.Location == location && Sells(level))
            {
                levels.Add(level);
            }
        }

        if (levels.Count == 0)
        {
            return null;
        }

        var uses = Draws.ComponentsOf(cluster, sku.Sku);
        var (opened, held, published) = (true, 0, false);
        foreach (var use in uses)
        {
            opened &= free.ContainsKey(use.Sku);
        }

        foreach (var level in levels)
        {
            if (opened && Targets.IsPublished(level, _context))
            {
                published = true;
            }
            else
            {
                held += Math.Max(0, level.UpperBound) * level.UnitsPerSale;
            }
        }

        foreach (var use in uses)
        {
            if (free.TryGetValue(use.Sku, out var there))
            {
                free[use.Sku] = there - (held * use.Units);
            }
        }

        return published ? new Owner(sku, uses, levels, held) : null;
    }

    private bool Sells(LevelState level) => level is { Belief: not null, SoldAsParts: false }
        && _context.FindChannel(level.Connection) is { Sells: true, Uncappable: false };

    /// <summary>Alone, a SKU gets all there is, however fast it sells.</summary>
    private double WeightOf(SkuState sku, int owners) => owners == 1 ? 1 : Paces.Total(sku, _context);

    private void Wish(Owner owner, LocationId location, int units, SellableUnits sellable, List<Quota> wishes)
    {
        var sku = owner.Sku;
        var claims = ClaimMaker.Of(sku, _context, owner.Levels, location, sellable);
        ChannelShares.Assign(units, claims);
        Probes.Place(sku, claims, now);
        var strict = sku.SharedBy != Targets.StampOf(sku);
        foreach (var claim in claims)
        {
            if (claim.Held is not null)
            {
                continue;
            }

            var (movable, stuck) = Movable(owner.Levels, claim.Channel);
            var parts = LargestRemainder.Share(Math.Max(0, claim.Share - stuck), movable.ConvertAll(_ => 1.0));
            for (var i = 0; i < movable.Count; i++)
            {
                var each = movable[i].UnitsPerSale;
                var borne = sellable.BorneBy(movable[i].Listing, location) / each;
                var share = Freezes.Share(sku, movable[i], parts[i] / each, _context);
                var quota = new Quota(sku.Sku, movable[i], Draws.Times(owner.Uses, each), share, Keep(sku, movable[i], share), borne, strict);
                accounts?.Add(movable[i].Id, ShareAccount.Of(parts[i] / each, units, claim, claims) with { Borne = borne });
                wishes.Add(quota);
            }
        }
    }

    /// <summary>Notes what bounded guard keeps off a level.</summary>
    private int Keep(SkuState sku, LevelState level, int share)
    {
        if (LagReserves.Kept(sku, level, share, _context, now) is not { } kept)
        {
            return 0;
        }

        Kept[level.Id] = kept;
        return kept;
    }

    /// <summary>A channel's levels that can be written, by number, and the units that its others may sell.</summary>
    private (List<LevelState> Levels, int Stuck) Movable(List<LevelState> levels, ConnectionId channel)
    {
        var (movable, stuck) = (new List<LevelState>(1), 0);
        foreach (var level in levels)
        {
            if (level.Connection != channel)
            {
                continue;
            }

            if (Targets.IsPublished(level, _context))
            {
                movable.Add(level);
            }
            else
            {
                stuck += Math.Max(0, level.UpperBound) * level.UnitsPerSale;
            }
        }

        movable.Sort(static (a, b) => a.Id.Value.CompareTo(b.Id.Value));
        return (movable, stuck);
    }

    private void Settle(List<Quota> wishes, Dictionary<SkuId, int> free)
    {
        foreach (var quota in wishes)
        {
            if (quota.Over)
            {
                Unsettled.Add(quota.Owner);
            }
        }

        QuotaMoves.Make(wishes, free, guarded: cluster.Skus.All(s => s.Mode == EffectiveMode.Guard));
        foreach (var quota in wishes)
        {
            targets[quota.Level.Id] = quota.Target;
        }
    }

    /// <summary>A SKU with levels at a location that can be written.</summary>
    /// <param name="Uses">What one unit of it takes.</param>
    /// <param name="Levels">All its levels there that sell.</param>
    /// <param name="Held">Units of it that those may sell which cannot be written.</param>
    private sealed record Owner(SkuState Sku, ImmutableArray<Component> Uses, List<LevelState> Levels, int Held);
}
