namespace SyncFlow.Core.Counts;

/// <summary>
/// The counts that a batch may touch, in the order in which they hold: by as-of time, and by key where two counts of a
/// pool name the same moment. Storage loads them under the SKU's lock.
/// </summary>
public sealed class CountBook
{
    private readonly Dictionary<string, StockCount> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<(SkuId, LocationId), SortedDictionary<(DateTimeOffset AsOf, string Key), StockCount>> _valid = [];
    private readonly Dictionary<CountRef, OnHandBefore> _before = [];
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>Counts to write back.</summary>
    public IEnumerable<StockCount> Changed => _changed.Select(key => _byKey[key]);

    /// <summary>Puts a loaded count in.</summary>
    public void Load(StockCount count)
    {
        ArgumentNullException.ThrowIfNull(count);
        _byKey[count.Key] = count;
        if (!_valid.TryGetValue((count.Sku, count.Location), out var pool))
        {
            _valid[(count.Sku, count.Location)] = pool = new(CountOrder.Instance);
        }

        if (count.Withdrawn)
        {
            pool.Remove((count.AsOf, count.Key));
        }
        else
        {
            pool[(count.AsOf, count.Key)] = count;
        }
    }

    /// <summary>Puts in what the ledger had just before a count that is to be booked.</summary>
    public void Load(CountRef count, OnHandBefore before) => _before[count] = before;

    /// <summary>What was loaded for a count that is to be booked.</summary>
    /// <exception cref="InvalidOperationException">It was not loaded.</exception>
    public OnHandBefore BeforeOf(CountRef count) => _before.TryGetValue(count, out var before)
        ? before
        : throw new InvalidOperationException($"What was on hand before count {count.Key} is not loaded.");

    /// <summary>The count with this key, or null.</summary>
    public StockCount? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The first valid count of a pool after a moment, or null.</summary>
    /// <param name="key">At the moment itself, only counts whose key comes later; null for none of that moment.</param>
    public StockCount? Next(SkuId sku, LocationId location, DateTimeOffset moment, string? key)
    {
        if (!_valid.TryGetValue((sku, location), out var pool))
        {
            return null;
        }

        foreach (var (place, count) in pool)
        {
            if (place.AsOf > moment || (key is not null && CountOrder.Instance.Compare(place, (moment, key)) > 0))
            {
                return count;
            }
        }

        return null;
    }

    /// <summary>Replaces or adds a count; it will be written back.</summary>
    public void Put(StockCount count)
    {
        Load(count);
        _changed.Add(count.Key);
    }
}

/// <summary>What the ledger had of a pool just before a count.</summary>
/// <param name="Units">The sum of all on-hand entries that occurred before it, corrections by earlier counts included.</param>
/// <param name="OpenedAt">When a channel's on-hand opened the pool; null where none did.</param>
public readonly record struct OnHandBefore(int Units, DateTimeOffset? OpenedAt);

/// <summary>The order in which counts of a pool hold.</summary>
internal sealed class CountOrder : IComparer<(DateTimeOffset AsOf, string Key)>
{
    public static readonly CountOrder Instance = new();

    public int Compare((DateTimeOffset AsOf, string Key) x, (DateTimeOffset AsOf, string Key) y)
    {
        var byMoment = x.AsOf.CompareTo(y.AsOf);
        return byMoment != 0 ? byMoment : string.CompareOrdinal(x.Key, y.Key);
    }
}
