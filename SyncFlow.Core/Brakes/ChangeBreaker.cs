namespace SyncFlow.Core.Brakes;

/// <summary>How much of a connection one cause touches.</summary>
/// <param name="Levels">Levels of the connection that are published.</param>
/// <param name="Touched">Levels whose target it changes.</param>
/// <param name="Zeroed">Levels that it empties.</param>
public sealed record ConnectionImpact(ConnectionId Connection, int Levels, int Touched, int Zeroed)
{
    /// <summary>The impact per connection; connections that nothing touches are left out.</summary>
    /// <param name="effects">Of one cause within <see cref="ChangeBreaker.Window"/>; a level counts once, by its last effect.</param>
    public static IReadOnlyList<ConnectionImpact> Of(
        IEnumerable<LevelEffect> effects, IReadOnlyDictionary<ConnectionId, int> levels)
    {
        ArgumentNullException.ThrowIfNull(effects);
        ArgumentNullException.ThrowIfNull(levels);
        return
        [
            .. effects.GroupBy(e => e.Level).Select(g => g.Last()).GroupBy(e => e.Connection).OrderBy(g => g.Key.Value)
                .Select(g => new ConnectionImpact(g.Key, levels.GetValueOrDefault(g.Key), g.Count(), g.Count(e => e.Zeroes))),
        ];
    }
}

/// <summary>
/// The breaker of outgoing mass changes: what one cause that a person or an integrator told would do to a connection
/// waits for approval when it is too much. Orders, readings and sources are no such causes: they never come here, so a
/// decrease after a real sale never waits. Of corrections and counts only what they raise comes here
/// (<see cref="StockFactsChange"/>).
/// </summary>
public static class ChangeBreaker
{
    /// <summary>More than this part of a connection's levels touched is a mass change.</summary>
    public const double MostTouched = 0.20;

    /// <summary>More than this part of a connection's levels emptied is a mass change.</summary>
    public const double MostZeroed = 0.05;

    /// <summary>Fewer touched levels never are, however small the catalog.</summary>
    public const int LeastTouched = 10;

    /// <summary>Fewer emptied levels never are, however small the catalog.</summary>
    public const int LeastZeroed = 5;

    /// <summary>Changes of one kind by one caller within this time are one cause: a mass change in small bites is one too.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Of a change of rules that reaches SKUs it does not name, and of facts that are booked already, this part of its levels may do something else at approval
    /// than was shown, because stock moved meanwhile: in a large catalog some always do.
    /// </summary>
    public const double MostUnlike = 0.01;

    /// <summary>
    /// Whether a change still does what was shown: to the same levels, in the same direction, emptying the same. What was
    /// named SKU by SKU must, without exception.
    /// </summary>
    public static bool DoesAsShown(BulkChange change, IReadOnlyCollection<LevelEffect> shown, IReadOnlyCollection<LevelEffect> now)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(now);
        var seen = shown.ToDictionary(effect => effect.Level);
        var alike = now.Count(effect => seen.TryGetValue(effect.Level, out var before) && effect.IsLike(before));
        var unlike = shown.Count + now.Count(effect => !seen.ContainsKey(effect.Level)) - alike;
        return unlike <= (change is RuleChange or StockFactsChange ? shown.Count * MostUnlike : 0);
    }

    /// <summary>
    /// Levels that end elsewhere than was shown; one that the change does not move any more stays where it was.
    /// </summary>
    public static IEnumerable<LevelEffect> Moved(IReadOnlyDictionary<LevelId, LevelEffect> shown, IReadOnlyCollection<LevelEffect> now)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(now);
        var moved = now.Select(effect => effect.Level).ToHashSet();
        return now.Where(effect => !shown.TryGetValue(effect.Level, out var seen) || seen.After != effect.After)
            .Concat(shown.Values.Where(seen => !moved.Contains(seen.Level)).Select(seen => seen with { After = seen.Before }));
    }

    /// <summary>Why an impact needs approval, in words; null where it does not.</summary>
    public static string? Judge(ConnectionImpact impact)
    {
        ArgumentNullException.ThrowIfNull(impact);
        if (IsTooMany(impact.Zeroed, impact.Levels, LeastZeroed, MostZeroed))
        {
            return $"it empties {impact.Zeroed} of {impact.Levels} levels of connection {impact.Connection.Value}; more than {MostZeroed:P0} need approval";
        }

        return IsTooMany(impact.Touched, impact.Levels, LeastTouched, MostTouched)
            ? $"it touches {impact.Touched} of {impact.Levels} levels of connection {impact.Connection.Value}; more than {MostTouched:P0} need approval"
            : null;
    }

    private static bool IsTooMany(int units, int levels, int least, double most) => units >= least && units > levels * most;
}
