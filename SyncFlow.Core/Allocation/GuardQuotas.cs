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

    /// <summary>SKUs with levels above their share.</summary>
    public HashSet<SkuId> Unsettled { get; } = [];

    /// <summary>Wishes for the levels at one location; increases are clamped afterwards over the whole group.</summary>
    /// <param name="units">What can be shown of each SKU that is no kit, per location.</param>
    public void Assign(LocationId location, SellableUnits units)
    {
        var free = units.At(location);
        foreach (var part in cluster.Skus.Where(s => free.ContainsKey(s.Sku)))
        {
            free[part.Sku] -= SetAsides.MayBeTaken(part, _context, part.PoolAt(location));
        }

        var owners = new List<(SkuState Sku, ImmutableArray<Component> Uses, List<LevelState> Levels, int Held)>();
        foreach (var sku in cluster.Skus)
        {
            var levels = sku.Levels.Where(l => l.Location == location && Sells(l)).ToList();
            if (levels.Count == 0)
            {
                continue;
            }

            // What nobody may lower now is set aside first: nobody else is raised from it.
            var uses = Draws.ComponentsOf(cluster, sku.Sku);
            var opened = uses.All(u => free.ContainsKey(u.Sku));
            var held = levels.Where(l => !opened || !Targets.IsPublished(l, _context))
                .Sum(l => Math.Max(0, l.UpperBound) * l.UnitsPerSale);
            foreach (var use in uses.Where(u => free.ContainsKey(u.Sku)))
            {
                free[use.Sku] -= held * use.Units;
            }

            if (opened && levels.Exists(l => Targets.IsPublished(l, _context)))
            {
                owners.Add((sku, uses, levels, held));
            }
        }

        foreach (var part in free.Keys)
        {
            free[part] = Math.Max(0, free[part]);
        }

        var given = JointShares.Assign(
            [.. owners.Select(o => new JointClaim(o.Sku.Sku, WeightOf(o.Sku, owners.Count), o.Uses))],
            new Dictionary<SkuId, int>(free));
        var wishes = owners
            .SelectMany((o, i) => Wishes(o.Sku, o.Uses, o.Levels, location, given[i] + o.Held, units)).ToArray();
        Settle(wishes, free);
    }

    /// <summary>Increases of a group together take no more than its budget: what there is less what may still be sold.</summary>
    public void Clamp(int group)
    {
        var budget = cluster.Skus.Where(s => !s.IsKit).ToDictionary(
            s => s.Sku, s => Math.Max(0, AvailableToSell.InGroup(cluster, s.Sku, group) - Exposures.UpperBound(cluster, s.Sku, group)));
        ZeroBarrier.Route(cluster, group, budget, targets);
        var rising = cluster.Skus
            .SelectMany(s => s.Levels.Select(l => (Sku: s, Level: l)))
            .Where(r => Exposures.InGroup(_context, r.Level, group)
                && targets.TryGetValue(r.Level.Id, out var target) && target > Quota.Coming(r.Level))
            .OrderByDescending(r => targets[r.Level.Id] - Quota.Coming(r.Level))
            .ThenBy(r => _context.Channels[r.Level.Connection].Priority).ThenBy(r => r.Level.Id.Value);
        foreach (var (sku, level) in rising)
        {
            var uses = Draws.ComponentsOf(cluster, sku.Sku, level.UnitsPerSale);
            var rise = Math.Min(JointShares.Most(uses, budget), targets[level.Id] - Quota.Coming(level));
            targets[level.Id] = Quota.Coming(level) + rise;
            foreach (var use in uses)
            {
                budget[use.Sku] -= rise * use.Units;
            }
        }
    }

    private bool Sells(LevelState level) => level is { Belief: not null, SoldAsParts: false }
        && _context.Channels.TryGetValue(level.Connection, out var channel) && channel is { Sells: true, Uncappable: false };

    /// <summary>Alone, a SKU gets all there is, however fast it sells.</summary>
    private double WeightOf(SkuState sku, int owners) => owners == 1 ? 1 : Paces.Total(sku, _context);

    private IEnumerable<Quota> Wishes(
        SkuState sku, ImmutableArray<Component> uses, List<LevelState> levels, LocationId location, int units,
        SellableUnits sellable)
    {
        var claims = ClaimMaker.Of(sku, _context, levels, location, sellable.Of(cluster, sku.Sku));
        ChannelShares.Assign(units, claims);
        Probes.Place(sku, claims, now);
        var strict = sku.SharedBy != Targets.StampOf(sku);
        foreach (var claim in claims.Where(c => c.Held is null))
        {
            var own = levels.Where(l => l.Connection == claim.Channel).ToList();
            var movable = own.Where(l => Targets.IsPublished(l, _context)).OrderBy(l => l.Id.Value).ToList();
            var stuck = own.Except(movable).Sum(l => Math.Max(0, l.UpperBound) * l.UnitsPerSale);
            var parts = LargestRemainder.Share(Math.Max(0, claim.Share - stuck), [.. movable.Select(_ => 1.0)]);
            for (var i = 0; i < movable.Count; i++)
            {
                var each = movable[i].UnitsPerSale;
                var perSale = each == 1 ? uses : [.. uses.Select(u => u with { Units = u.Units * each })];
                var quota = new Quota(sku.Sku, movable[i], perSale, Freezes.Share(movable[i], parts[i] / each, _context), strict);
                accounts?.Add(movable[i].Id, ShareAccount.Of(quota.Share, units, claim, claims));
                yield return quota;
            }
        }
    }

    private void Settle(Quota[] wishes, Dictionary<SkuId, int> free)
    {
        Unsettled.UnionWith(wishes.Where(q => q.Over).Select(q => q.Owner));
        var guarded = cluster.Skus.All(s => s.Mode == EffectiveMode.Guard);
        var tooMuch = false;
        foreach (var (part, units) in free)
        {
            var over = wishes.Sum(q => q.Shown * q.TakenOf(part)) - units;
            Cut(wishes, part, over);
            tooMuch |= over > 0;
        }

        foreach (var quota in wishes.Where(q => q.Strict && q.Shown > q.Share))
        {
            quota.Units = quota.Share;
        }

        // First what cannot be kept goes; units move between channels when nothing is amiss.
        if (guarded && !tooMuch)
        {
            GiveOut(wishes, free);
            Rebalance(wishes, free);
        }

        foreach (var quota in wishes)
        {
            targets[quota.Level.Id] = quota.Units;
        }
    }

    /// <summary>Too much is shown of a part: whoever is furthest above its share gives first.</summary>
    private static void Cut(Quota[] wishes, SkuId part, int units)
    {
        if (units <= 0)
        {
            return;
        }

        foreach (var quota in wishes.Where(q => q.TakenOf(part) > 0).OrderByDescending(q => q.Units - q.Share))
        {
            var taken = quota.TakenOf(part);
            var given = Math.Min((Math.Max(0, units) + taken - 1) / taken, Math.Max(0, quota.Shown - quota.Share));
            quota.Units -= given;
            units -= given * taken;
        }
    }

    /// <summary>Units nobody shows go to whoever is furthest below its share.</summary>
    private static void GiveOut(Quota[] wishes, Dictionary<SkuId, int> free)
    {
        var spare = free.ToDictionary(f => f.Key, f => f.Value - wishes.Sum(q => q.Shown * q.TakenOf(f.Key)));
        foreach (var quota in wishes.OrderByDescending(q => q.Share - q.Units))
        {
            var taken = Math.Min(JointShares.Most(quota.Uses, spare), Math.Max(0, quota.Share - quota.Shown));
            if (taken > 0)
            {
                quota.Units = quota.Shown + taken;
                foreach (var use in quota.Uses)
                {
                    spare[use.Sku] -= taken * use.Units;
                }
            }
        }
    }

    /// <summary>A channel that is short of cover is helped by those above their share: they go down now, it rises after proof.</summary>
    private static void Rebalance(Quota[] wishes, Dictionary<SkuId, int> free)
    {
        foreach (var (part, units) in free)
        {
            var needed = wishes.Where(q => q.Short).Sum(q => (q.Share - q.Shown) * q.TakenOf(part));
            if (needed > 0)
            {
                Cut(wishes, part, needed - (units - wishes.Sum(q => q.Shown * q.TakenOf(part))));
            }
        }
    }
}
