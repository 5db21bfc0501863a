using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Explaining;

/// <summary>That writes to a level are stopped, or were and a person released it.</summary>
/// <param name="Status">Halted or blocked while it is stopped, else released.</param>
/// <param name="At">Since when it is stopped, or when it was released.</param>
/// <param name="Cause">What the batch was that did it; of a release by whom and why.</param>
/// <param name="IsProven">Of a release: whether a reading has told since what the level shows.</param>
public sealed record StopAccount(LevelStatus Status, DateTimeOffset At, string Cause, bool IsProven)
{
    /// <summary>The account of a level's rows, newest first; null where they tell of no stop.</summary>
    public static StopAccount? Of(IReadOnlyList<LevelRecord> newestFirst)
    {
        ArgumentNullException.ThrowIfNull(newestFirst);
        var start = newestFirst.TakeWhile(row => !IsTold(row)).Count();
        if (start == newestFirst.Count)
        {
            return null;
        }

        var status = newestFirst[start].Status!.Value;
        var first = newestFirst.Skip(start).TakeWhile(row => row.Status == status).Last();
        return status != LevelStatus.Released && start > 0
            ? null // It came back another way: its place was closed and opened again, or the channel told of it anew.
            : new StopAccount(status, first.At, first.Cause, start > 0);
    }

    /// <summary>A sentence that says it.</summary>
    /// <param name="name">The level's name.</param>
    /// <param name="level">Its number, by which it is released.</param>
    public string Sentence(string name, LevelId level) => Status switch
    {
        LevelStatus.Halted => Words.Of(
            $"Writes to {name} are halted since {At:yyyy-MM-dd HH:mm:ss}, because acknowledged ones were undone again and again; it goes on selling what it shows until a person releases level {level.Value}."),
        LevelStatus.Blocked => Words.Of(
            $"Writes to {name} are blocked since {At:yyyy-MM-dd HH:mm:ss}, because the channel refused one for a lasting reason; it goes on selling what it shows until a person releases level {level.Value}."),
        _ => Words.Of($"{name} was {Cause}, at {At:yyyy-MM-dd HH:mm:ss}")
            + (IsProven ? "; an exact reading came first." : "; it is published again once an exact reading has told what it shows."),
    };

    private static bool IsTold(LevelRecord row) => row.Status is LevelStatus.Halted or LevelStatus.Blocked or LevelStatus.Released;
}
