namespace SyncFlow.Core.Explaining;

/// <summary>How a level's belief came about: where it was last set by something other than a known change, and what happened since.</summary>
/// <param name="Belief">What is believed.</param>
/// <param name="StartedFrom">Belief at the start of the account.</param>
/// <param name="StartedAt">When that was.</param>
/// <param name="StartCause">What set it, in a few words.</param>
/// <param name="WasRead">Whether a reading set it; else the account only reaches back to the oldest row at hand.</param>
/// <param name="Sold">Units known to be sold since.</param>
/// <param name="PutBack">Units known to be put back since.</param>
/// <param name="Pushed">Change by pushes acknowledged since.</param>
public sealed record BeliefAccount(
    int Belief, int StartedFrom, DateTimeOffset StartedAt, string StartCause, bool WasRead, long Sold, long PutBack, long Pushed)
{
    /// <summary>The account of a level's rows, newest first; null before its baseline.</summary>
    public static BeliefAccount? Of(IReadOnlyList<LevelRecord> newestFirst)
    {
        ArgumentNullException.ThrowIfNull(newestFirst);
        if (newestFirst is not [{ Belief: { } belief } newest, ..])
        {
            return null;
        }

        var start = 0;
        while (start + 1 < newestFirst.Count && IsKnownChange(newestFirst[start + 1], newestFirst[start]))
        {
            start++;
        }

        var first = newestFirst[start];
        return new BeliefAccount(
            belief, first.Belief!.Value, first.At, first.Cause, start + 1 < newestFirst.Count,
            (newest.SoldTotal - first.SoldTotal) ?? 0, (newest.PutBackTotal - first.PutBackTotal) ?? 0,
            (newest.PushedTotal - first.PushedTotal) ?? 0);
    }

    /// <summary>Whether sales, put-backs and acknowledged pushes alone make the difference of two rows.</summary>
    private static bool IsKnownChange(LevelRecord before, LevelRecord after) =>
        before.Belief is { } was && after.Belief is { } became
        && before.SoldTotal is not null && after.SoldTotal is not null
        && became - was
            == -(after.SoldTotal - before.SoldTotal) + (after.PutBackTotal - before.PutBackTotal) + (after.PushedTotal - before.PushedTotal);
}
