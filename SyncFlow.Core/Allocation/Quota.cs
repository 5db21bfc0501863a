using System.Collections.Immutable;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>A level that may be written, and what it is to show. All figures count sales.</summary>
/// <param name="owner">Its SKU.</param>
/// <param name="level">The level.</param>
/// <param name="uses">What one sale takes.</param>
/// <param name="share">What it would show if units could be moved at no cost.</param>
/// <param name="kept">Sales that bounded guard keeps off it: part of its share, and not shown.</param>
/// <param name="borne">Sales it may show beyond its share, because another level of its listing is below zero by them.</param>
/// <param name="strict">After a change of rules: whether it gives what is above its share although nobody is short.</param>
internal sealed class Quota(SkuId owner, LevelState level, ImmutableArray<Component> uses, int share, int kept, int borne, bool strict)
{
    public SkuId Owner { get; } = owner;
    public LevelState Level { get; } = level;
    public ImmutableArray<Component> Uses { get; } = uses;
    public int Share { get; } = Math.Max(share, kept);
    public bool Strict { get; } = strict;

    /// <summary>Of what it shows once its push on the way has arrived, what counts against shares; then what is to.</summary>
    public int Units { get; set; } = Coming(level) + kept - borne;

    /// <summary>What it is to show.</summary>
    public int Target => Units - kept + borne;

    /// <summary>Sales it can make.</summary>
    public int Shown => Math.Max(0, Units);

    /// <summary>Whether its cover is so much below its share that units are moved to it from others.</summary>
    public bool Short => Shown < Share * Targets.RebalanceBelow;

    /// <summary>Whether it shows more than its share, or may: a decrease that is not proven is not done.</summary>
    public bool Over => Units > Share || (Strict && (Level.InFlight is not null || Level.UnverifiedUnits > 0));

    /// <summary>Units of a part that one sale takes.</summary>
    public int TakenOf(SkuId part)
    {
        foreach (var use in Uses)
        {
            if (use.Sku == part)
            {
                return use.Units;
            }
        }

        return 0;
    }

    /// <summary>What a level shows once its push on the way has arrived.</summary>
    public static int Coming(LevelState level) => Freezes.Coming(level)!.Value;
}
