using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Requests;

namespace SyncFlow.Core.Stock;

/// <summary>
/// Everything the rules need of one SKU: it is loaded under the SKU's lock, decided on as a value, and written back in
/// the same transaction.
/// </summary>
public sealed record SkuState
{
    /// <summary>The SKU.</summary>
    public required SkuId Sku { get; init; }

    /// <summary>What the merchant set for it.</summary>
    public required SkuPolicy Policy { get; init; }

    /// <summary>Rules of the source-of-truth hierarchy that may concern it: its own, its groups' and general ones.</summary>
    public ImmutableArray<AuthorityRule> AuthorityRules { get; init; } = [];

    /// <summary>The mode in force now (<see cref="SkuPolicy.Mode"/> is what the merchant asked for).</summary>
    public EffectiveMode Mode { get; init; } = EffectiveMode.Guard;

    /// <summary>How fast it sells.</summary>
    public Velocity Velocity { get; init; } = Velocity.None;

    /// <summary>What of its sales is remembered: per channel, and the busiest hours.</summary>
    public SalesMemory Sales { get; init; } = SalesMemory.None;

    /// <summary>The policy that quotas were last brought in line with, as <see cref="AllocationPolicy.Stamp"/>.</summary>
    public string SharedBy { get; init; } = "";

    /// <summary>The weights of its channels that were last noted for explanations, as <see cref="Paces.StepsOf"/>.</summary>
    public string PaceSteps { get; init; } = "";

    /// <summary>What one unit of it is made of; empty when it is no kit.</summary>
    public ImmutableArray<Component> Components { get; init; } = [];

    /// <summary>Whether it is a kit: it has no pools, its levels draw on those of its components.</summary>
    public bool IsKit => Components.Length > 0;

    /// <summary>Its sums per location.</summary>
    public ImmutableArray<Pool> Pools { get; init; } = [];

    /// <summary>Its levels on all channels.</summary>
    public ImmutableArray<LevelState> Levels { get; init; } = [];

    /// <summary>Open requests for its units: all that wait, and those held ones that the loaded facts may end.</summary>
    public ImmutableArray<RequestLine> Requests { get; init; } = [];

    /// <summary>Units promised beyond what there is, right now, over locations that fulfil online; suspense apart. ≥ 0.</summary>
    public int Shortfall { get; init; }

    /// <summary>Cumulative units by which <see cref="Shortfall"/> ever rose.</summary>
    public long OversoldUnits { get; init; }

    /// <summary>The part of <see cref="OversoldUnits"/> that happened while guard was in force.</summary>
    public long OversoldGuardedUnits { get; init; }

    /// <summary>Since when it is exposed although it is to be guarded, and what a person was told of that.</summary>
    public ExposureWatch Exposed { get; init; } = ExposureWatch.None;

    /// <summary>This state with one level replaced.</summary>
    public SkuState With(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        for (var i = 0; i < Levels.Length; i++)
        {
            if (Levels[i].Id == level.Id)
            {
                return Levels[i] == level ? this : this with { Levels = Levels.SetItem(i, level) };
            }
        }

        throw new ArgumentException($"SKU {Sku.Value} has no level {level.Id.Value}.", nameof(level));
    }

    /// <summary>The level with this id, or null.</summary>
    public LevelState? FindLevel(LevelId id)
    {
        foreach (var level in Levels)
        {
            if (level.Id == id)
            {
                return level;
            }
        }

        return null;
    }

    /// <summary>The level of a listing of a connection at one of our locations, or null.</summary>
    public LevelState? FindLevel(ConnectionId connection, ListingId listing, LocationId location)
    {
        foreach (var level in Levels)
        {
            if (level.Connection == connection && level.Listing == listing && level.Location == location)
            {
                return level;
            }
        }

        return null;
    }

    /// <summary>The pool at a location; empty and unopened where there is none yet.</summary>
    public Pool PoolAt(LocationId location)
    {
        foreach (var pool in Pools)
        {
            if (pool.Location == location)
            {
                return pool;
            }
        }

        return new Pool(location, default, Opened: false);
    }

    /// <summary>This state with one line of a request replaced.</summary>
    public SkuState With(RequestLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        for (var i = 0; i < Requests.Length; i++)
        {
            if (Requests[i].Request == line.Request && Requests[i].Number == line.Number)
            {
                return this with { Requests = Requests.SetItem(i, line) };
            }
        }

        throw new ArgumentException($"SKU {Sku.Value} has no request {line.Request.Value}, line {line.Number}.", nameof(line));
    }

    /// <summary>This state with one pool replaced or added.</summary>
    public SkuState With(Pool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        for (var i = 0; i < Pools.Length; i++)
        {
            if (Pools[i].Location == pool.Location)
            {
                return this with { Pools = Pools.SetItem(i, pool) };
            }
        }

        return this with { Pools = Pools.Add(pool) };
    }
}
