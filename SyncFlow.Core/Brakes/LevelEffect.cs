using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>What a bulk change does to one level: its target without the change, and with it.</summary>
public sealed record LevelEffect(SkuId Sku, LevelId Level, ConnectionId Connection, int Before, int After)
{
    /// <summary>Whether a level that would show units shows none by it.</summary>
    public bool Zeroes => Before > 0 && After <= 0;

    /// <summary>Whether another effect is on the same level, in the same direction, and empties it or not as this does.</summary>
    public bool IsLike(LevelEffect other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Level == other.Level && (After > Before) == (other.After > other.Before) && Zeroes == other.Zeroes;
    }

    /// <summary>
    /// The effects of a change on loaded SKUs, by the rules that plan them. Freezes are left out on both sides: what a
    /// change does must not hide behind a switch that is lifted later.
    /// </summary>
    public static IReadOnlyList<LevelEffect> Of(BulkChange change, WorkingSet loaded, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(loaded);
        var context = loaded.Context with
        {
            Channels = loaded.Context.Channels.ToImmutableDictionary(pair => pair.Key, pair => pair.Value with { Brake = BrakeStrength.None }),
        };
        var without = WhatIf.Replanned(loaded, context, sku => sku, now).ToDictionary(sku => sku.Sku);
        return [.. WhatIf.Replanned(loaded, context, change.On, now).SelectMany(with => Between(without[with.Sku], with))];
    }

    private static IEnumerable<LevelEffect> Between(SkuState without, SkuState with)
    {
        foreach (var level in with.Levels)
        {
            // A level without a target is not published: the change does not reach it.
            if (level.Target is { } after && without.FindLevel(level.Id)?.Target is { } before && before != after)
            {
                yield return new LevelEffect(with.Sku, level.Id, level.Connection, before, after);
            }
        }
    }
}
