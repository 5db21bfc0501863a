using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>What a change does to loaded SKUs, by the rules that plan them.</summary>
/// <param name="Levels">
/// Levels that end elsewhere with the change than without it, once everything that follows is written and proven.
/// </param>
/// <param name="Writes">What is written with the change, in order, with the freezes as they are.</param>
public sealed record ChangeEffects(IReadOnlyList<LevelEffect> Levels, ImmutableArray<PreviewedWrite> Writes)
{
    /// <summary>
    /// The effects. Levels are compared as if no freeze were on: what a change does must not hide behind a switch that is
    /// lifted later.
    /// </summary>
    /// <param name="without">SKUs as they are; not changed.</param>
    /// <param name="with">The same SKUs by the rules as they would be; not changed.</param>
    /// <param name="change">What else becomes of a SKU of those.</param>
    /// <param name="releases">Whether it lets SKUs be raised that are held: only then they are compared as held without it.</param>
    public static ChangeEffects Of(
        WorkingSet without, WorkingSet with, Func<SkuState, SkuState> change, DateTimeOffset now, bool releases = false)
    {
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var before = RulePreview.Run(without, Unbraked(without.Context), sku => releases ? sku : Unheld(sku), now).Skus.ToDictionary(sku => sku.Sku);
        var after = RulePreview.Run(with, Unbraked(with.Context), sku => change(Unheld(sku)), now);
        var isBraked = with.Context.Channels.Values.Any(c => c.Brake != BrakeStrength.None) || with.Skus.Any(sku => sku.Policy.RaisesHeld);
        return new ChangeEffects(
            [.. after.Skus.SelectMany(sku => Between(before[sku.Sku], sku))], isBraked ? RulePreview.Of(with, change, now) : after.Writes);
    }

    private static SkuState Unheld(SkuState sku) => sku.Policy.RaisesHeld ? sku with { Policy = sku.Policy with { RaisesHeld = false } } : sku;

    private static EngineContext Unbraked(EngineContext context) => context with
    {
        Channels = context.Channels.ToImmutableDictionary(pair => pair.Key, pair => pair.Value with { Brake = BrakeStrength.None }),
    };

    private static int? Shown(LevelState level) => level.Target ?? Freezes.Coming(level);

    private static IEnumerable<LevelEffect> Between(SkuState without, SkuState with)
    {
        foreach (var level in with.Levels)
        {
            // A level without a target is not published: it goes on showing what it shows.
            if (Shown(level) is { } after && without.FindLevel(level.Id) is { } was && Shown(was) is { } before && before != after)
            {
                yield return new LevelEffect(with.Sku, level.Id, level.Connection, before, after);
            }
        }
    }
}
