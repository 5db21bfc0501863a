namespace SyncFlow.Core.Fairness;

/// <summary>
/// The order in which those who wait at one queue are served: weighted round robin by virtual time. A turn of one that has
/// a backlog moves it back by the heaviest weight over its own, so weights of 3 and 1 are served 3:1, one batch at a time;
/// one that has none joins the next round, whatever its weight, and waits for no more than one batch of each other.
/// Not for several threads at once; it knows no clock.
/// </summary>
/// <typeparam name="TKey">Who waits.</typeparam>
public sealed class WeightedOrder<TKey>
    where TKey : notnull
{
    /// <summary>Of a turn of the heaviest: every weight divides it well enough.</summary>
    private const long Round = 720_720;

    private readonly PriorityQueue<TKey, (long At, long Number)> _waiting = new();
    private readonly List<long> _served = [];

    /// <summary>No later than whoever waits or is being served: one that is served for long loses nothing by it.</summary>
    private long _now;
    private long _number;

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Waits as one who comes, or who took all it had.</summary>
    public void Join(TKey key) => Add(key, _now + Round);

    /// <summary>Waits as one who was served and has a backlog.</summary>
    /// <param name="servedAt">What <see cref="Take"/> told of the turn before.</param>
    /// <param name="weight">Its weight, at least 1.</param>
    /// <param name="heaviest">The greatest weight of all that have a backlog, its own included.</param>
    public void JoinAgain(TKey key, long servedAt, int weight, int heaviest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heaviest, weight);
        Add(key, Math.Max(_now, servedAt + (Round * heaviest / weight)));
    }

    /// <summary>Takes who is next; somebody has to wait. <see cref="End"/> is to follow.</summary>
    public (TKey Key, long At) Take()
    {
        _waiting.TryDequeue(out var key, out var place);
        _served.Add(place.At);
        Advance();
        return (key!, place.At);
    }

    /// <summary>A turn is over; whoever goes on waiting joined again before.</summary>
    /// <param name="at">What <see cref="Take"/> told of it.</param>
    public void End(long at)
    {
        _served.Remove(at);
        Advance();
    }

    private void Advance()
    {
        var first = _waiting.TryPeek(out _, out var place) ? place.At : long.MaxValue;
        first = _served.Count > 0 ? Math.Min(first, _served.Min()) : first;
        _now = first < long.MaxValue ? Math.Max(_now, first) : _now;
    }

    private void Add(TKey key, long at) => _waiting.Enqueue(key, (at, _number++));
}
