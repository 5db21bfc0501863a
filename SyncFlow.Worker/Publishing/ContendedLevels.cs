using SyncFlow.Core;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Worker.Publishing;

/// <summary>
/// Levels whose channel sells them so fast that a compare was stale lately. A channel refuses a call whole for one such
/// level, so they go in small calls of their own and make no other wait. Where many are contended at once (after an
/// outage nearly all may be) small calls would only cost points: then nothing is kept apart.
/// </summary>
internal sealed class ContendedLevels
{
    /// <summary>How long one stale compare is held against a level.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);

    /// <summary>Contended levels in one call.</summary>
    public const int PerPush = 3;

    /// <summary>More than so many that want a push at once are not kept apart.</summary>
    public const int MostApart = 25;

    private readonly Dictionary<LevelId, DateTimeOffset> _until = [];

    /// <summary>Learns from the answers of a call.</summary>
    public void Learn(IEnumerable<ElementAnswer> answers, DateTimeOffset now)
    {
        foreach (var answer in answers.Where(a => a.Outcome == ElementOutcome.Stale))
        {
            _until[answer.Level] = now + Remembered;
        }

        foreach (var (level, until) in _until)
        {
            if (until <= now)
            {
                _until.Remove(level);
            }
        }
    }

    /// <summary>The levels of the next call: of one kind, contended or not, whichever the most urgent one is.</summary>
    /// <param name="candidates">In order of priority.</param>
    public List<PlanCandidate> Choose(IReadOnlyList<PlanCandidate> candidates, DateTimeOffset now)
    {
        bool IsContended(PlanCandidate candidate) => _until.TryGetValue(candidate.Level, out var until) && until > now;
        if (candidates.Count == 0 || candidates.Count(IsContended) > MostApart)
        {
            return [.. candidates.Take(PublishLimits.LevelsPerPush)];
        }

        var contended = IsContended(candidates[0]);
        return [.. candidates.Where(c => IsContended(c) == contended).Take(contended ? PerPush : PublishLimits.LevelsPerPush)];
    }
}
