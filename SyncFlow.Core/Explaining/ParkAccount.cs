namespace SyncFlow.Core.Explaining;

/// <summary>What lay parked on the shelf of a channel that owns on-hand, and since when (rule R14).</summary>
/// <param name="Parked">Units in the state that is not sold.</param>
/// <param name="Owed">Units that lay there and were not in its on-hand yet; below zero, units that were gone and still in it. Null while what is parked is taken out.</param>
/// <param name="Before">How many were parked before; null where the rows at hand do not reach back to it.</param>
/// <param name="Since">Since when as many were parked, as far as the rows at hand reach back.</param>
/// <param name="Cause">What made them as many, in a few words.</param>
public sealed record ParkAccount(int Parked, int? Owed, int? Before, DateTimeOffset Since, string Cause)
{
    /// <summary>The account of a level's rows, newest first; null where nothing is parked, nor owed.</summary>
    public static ParkAccount? Of(IReadOnlyList<LevelRecord> newestFirst)
    {
        ArgumentNullException.ThrowIfNull(newestFirst);
        if (newestFirst is not [{ Parked: { } parked } newest, ..])
        {
            return null;
        }

        var start = 0;
        while (start + 1 < newestFirst.Count && newestFirst[start + 1].Parked == parked)
        {
            start++;
        }

        var first = newestFirst[start];
        return new ParkAccount(
            parked, newest.Owed, start + 1 < newestFirst.Count ? newestFirst[start + 1].Parked ?? 0 : null, first.At, first.Cause);
    }

    /// <summary>The same in a sentence.</summary>
    /// <param name="name">What the level is called.</param>
    /// <param name="level">The level.</param>
    public string Sentence(string name, LevelAccount level)
    {
        ArgumentNullException.ThrowIfNull(level);
        var from = Before is { } before ? Words.Of($", {before} before") : "";
        var text = Words.Of($"{name} has {Words.Units(Parked)} parked and not for sale since {Since:yyyy-MM-dd HH:mm:ss} ({Words.Cause(Cause)}{from})");
        text += (level.State.Belief, level.State.Target, Owed) switch
        {
            (_, _, null) => "; parking is switched off, and they are taken out of its on-hand",
            ({ } belief, { } target, { } owed) => Words.Of($": of {belief + Parked + owed} that lie there and are promised to nobody it is to show {target}"),
            _ => "",
        };
        return text + Owed switch
        {
            > 0 => Words.Of($"; {Owed} more came in and are not in its on-hand yet."),
            < 0 => Words.Of($"; {-Owed} of them are gone and in its on-hand still."),
            _ => ".",
        };
    }
}
