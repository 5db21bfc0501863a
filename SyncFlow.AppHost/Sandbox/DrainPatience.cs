namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// How long a run waits for its channels after the buyers have stopped: as long as less is left than a minute before. What a
/// store's own limit makes slow is slow and not stuck: verifying a hundred thousand levels one page at a time takes minutes.
/// </summary>
internal sealed class DrainPatience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private long _least = long.MaxValue;
    private TimeSpan _since;

    /// <summary>Whether nothing has become less for too long.</summary>
    public bool IsOver(Snapshot snapshot)
    {
        if (snapshot.Left < _least)
        {
            (_least, _since) = (snapshot.Left, snapshot.Elapsed);
        }

        return snapshot.Elapsed - _since > Limit;
    }
}
