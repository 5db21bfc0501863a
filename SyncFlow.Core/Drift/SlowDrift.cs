namespace SyncFlow.Core.Drift;

/// <summary>What one connection's levels differed by on one day, edits and unexplained changes of all SKUs together.</summary>
/// <param name="Day">The day, in UTC.</param>
/// <param name="Skus">SKUs that differed.</param>
/// <param name="Units">Units by which readings were above (positive) or below what the ledger explains.</param>
public readonly record struct DriftDay(DateOnly Day, int Skus, long Units);

/// <summary>
/// Differences so small that each is settled by itself, and yet of one kind: a unit a day on each of two hundred SKUs is
/// somebody taking units, or a system that counts wrong. No single case shows it; their sum over some days does.
/// </summary>
public static class SlowDrift
{
    /// <summary>Days in a row that must agree.</summary>
    public const int Days = 3;

    /// <summary>Fewest SKUs on each of them: fewer are single mistakes.</summary>
    public const int LeastSkus = 10;

    /// <summary>Fewest units over all of them.</summary>
    public const int LeastUnits = 30;

    /// <summary>Units by which a connection has drifted slowly; 0 where it has not.</summary>
    /// <param name="days">Any days, each once.</param>
    /// <param name="today">The last of the days that count.</param>
    public static long Of(IEnumerable<DriftDay> days, DateOnly today)
    {
        ArgumentNullException.ThrowIfNull(days);
        var last = days.Where(d => d.Day <= today && d.Day > today.AddDays(-Days)).ToList();
        if (last.Count < Days || last.Any(d => d.Skus < LeastSkus) || last.Select(d => Math.Sign(d.Units)).Distinct().Count() != 1)
        {
            return 0;
        }

        var units = last.Sum(d => d.Units);
        return Math.Abs(units) >= LeastUnits ? units : 0;
    }
}
