namespace SyncFlow.Worker;

/// <summary>
/// How long a loop rests that waits for a signal: a second while there is work, and longer the longer there is none. What
/// the loop waits for is told to it; the look after a rest only finds what no signal told.
/// </summary>
internal sealed class Rest
{
    /// <summary>While there is something to do.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>When nothing was found for a while: the longest that a lost signal costs.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private TimeSpan _next = Shortest;

    /// <summary>The next rest.</summary>
    /// <param name="found">Whether the look before it found anything.</param>
    public TimeSpan After(bool found)
    {
        var rest = found ? Shortest : _next;
        _next = found ? Shortest : rest + rest < Longest ? rest + rest : Longest;
        return rest;
    }
}
