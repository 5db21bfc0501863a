namespace SyncFlow.Core.Publishing;

/// <summary>
/// Which worker works on which connection, by rendezvous hashing: every worker that knows the same others comes to the
/// same answer, connections spread evenly, and when a worker comes or goes only its own connections move.
/// </summary>
public static class LeaseShares
{
    /// <summary>How long another worker has to live before connections are let go for it, and to leave one free before another takes it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Whether a worker takes a connection that nobody holds: its own, and what its own worker leaves free for long.</summary>
    /// <param name="workers">Those that live, this one included.</param>
    /// <param name="freeFor">Since when it is seen to be free.</param>
    public static bool Takes(ConnectionId connection, string worker, IReadOnlyCollection<string> workers, TimeSpan freeFor) =>
        freeFor >= Patience || Of(connection, workers) == worker;

    /// <summary>The worker of a connection; of workers with equal scores, which does not happen, the first by name.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="workers">Those that live, in any order; at least one.</param>
    public static string Of(ConnectionId connection, IReadOnlyCollection<string> workers)
    {
        ArgumentNullException.ThrowIfNull(workers);
        var (best, score) = (default(string), 0UL);
        foreach (var worker in workers)
        {
            var its = Score(connection, worker);
            if (best is null || its > score || (its == score && string.CompareOrdinal(worker, best) < 0))
            {
                (best, score) = (worker, its);
            }
        }

        return best ?? throw new ArgumentException("No worker lives.", nameof(workers));
    }

    /// <summary>A number that looks drawn at random, and is the same in every process: FNV-1a, and the end of SplitMix64.</summary>
    private static ulong Score(ConnectionId connection, string worker)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var letter in worker)
        {
            hash = unchecked((hash ^ letter) * 1_099_511_628_211UL);
        }

        hash = unchecked(hash + ((ulong)connection.Value * 0x9E37_79B9_7F4A_7C15UL));
        hash = unchecked((hash ^ (hash >> 30)) * 0xBF58_476D_1CE4_E5B9UL);
        hash = unchecked((hash ^ (hash >> 27)) * 0x94D0_49BB_1331_11EBUL);
        return hash ^ (hash >> 31);
    }
}
