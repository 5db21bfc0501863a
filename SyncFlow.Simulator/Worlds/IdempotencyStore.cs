namespace SyncFlow.Simulator.Worlds;

/// <summary>A remembered answer to an idempotency key.</summary>
public sealed class IdempotencyEntry
{
    public required string Key { get; init; }

    /// <summary>Hash of the mutation's name and arguments.</summary>
    public required string ArgumentsHash { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The answer; null while the first request is still running.</summary>
    public InventoryAnswer? Answer { get; set; }

    /// <summary>For inventoryActivate: the level it answered with.</summary>
    public (long ItemId, long LocationId)? Level { get; set; }
}

/// <summary>How a key is met.</summary>
public enum IdempotencyMatch
{
    New,
    Replay,
    Mismatch,
    Concurrent,
}

/// <summary>
/// Shopify's memory of idempotency keys, per shop. A refused answer is remembered like a good one: only a new key may
/// have another outcome.
/// </summary>
public sealed class IdempotencyStore
{
    /// <summary>How long a key is remembered.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(24);

    private readonly Dictionary<string, IdempotencyEntry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<IdempotencyEntry> _byAge = new();

    internal IEnumerable<IdempotencyEntry> Finished => _entries.Values.Where(e => e.Answer is not null);

    /// <summary>Looks a key up and, when new, marks it as running.</summary>
    public (IdempotencyMatch Match, IdempotencyEntry Entry) Begin(string key, string argumentsHash, DateTimeOffset now)
    {
        Expire(now);
        if (_entries.TryGetValue(key, out var entry))
        {
            return entry.ArgumentsHash != argumentsHash ? (IdempotencyMatch.Mismatch, entry)
                : entry.Answer is null ? (IdempotencyMatch.Concurrent, entry)
                : (IdempotencyMatch.Replay, entry);
        }

        entry = new IdempotencyEntry { Key = key, ArgumentsHash = argumentsHash, At = now };
        Restore(entry);
        return (IdempotencyMatch.New, entry);
    }

    /// <summary>Forgets a running key whose request never came to an answer.</summary>
    public void Abandon(IdempotencyEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Answer is null)
        {
            _entries.Remove(entry.Key);
        }
    }

    internal void Restore(IdempotencyEntry entry)
    {
        _entries[entry.Key] = entry;
        _byAge.Enqueue(entry);
    }

    private void Expire(DateTimeOffset now)
    {
        while (_byAge.TryPeek(out var oldest) && now - oldest.At > Retention)
        {
            _byAge.Dequeue();
            if (_entries.TryGetValue(oldest.Key, out var current) && ReferenceEquals(current, oldest))
            {
                _entries.Remove(oldest.Key);
            }
        }
    }
}
