using System.Collections.Concurrent;

namespace SyncFlow.Api.Security;

/// <summary>Secrets that opened something lately, by their hashes; a bounded number, the oldest are forgotten by halves.</summary>
/// <typeparam name="T">A hash.</typeparam>
/// <param name="most">How many are remembered at most.</param>
internal sealed class SeenSecrets<T>(int most)
    where T : struct
{
    private readonly Lock turn = new();

    private volatile ConcurrentDictionary<T, byte> young = new();

    private volatile ConcurrentDictionary<T, byte> old = new();

    public bool Contains(T hash) => young.ContainsKey(hash) || old.ContainsKey(hash);

    public void Add(T hash)
    {
        if (young.TryAdd(hash, 0) && young.Count > most / 2)
        {
            lock (turn)
            {
                if (young.Count > most / 2)
                {
                    (old, young) = (young, new ConcurrentDictionary<T, byte>());
                }
            }
        }
    }

    public void Remove(T hash)
    {
        young.TryRemove(hash, out _);
        old.TryRemove(hash, out _);
    }
}
