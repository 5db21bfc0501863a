namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// The index behind the orders query. It lags: a change is searchable only after a delay, until then a search misses a
/// new order and finds an old one under its former updated_at. What is found always shows its present content.
/// </summary>
public sealed class OrderSearchIndex
{
    private readonly SortedSet<(DateTimeOffset UpdatedAt, long Id)> _byUpdate = [];
    private readonly SortedSet<long> _byId = [];
    private readonly PriorityQueue<Order, DateTimeOffset> _waiting = new();

    internal void Changed(Order order, DateTimeOffset visibleAt) => _waiting.Enqueue(order, visibleAt);

    internal void Add(Order order)
    {
        Forget(order);
        order.IndexedUpdatedAt = order.UpdatedAt;
        _byUpdate.Add((order.UpdatedAt, order.Id));
        _byId.Add(order.Id);
    }

    internal void Forget(Order order)
    {
        if (order.IndexedUpdatedAt is { } at)
        {
            _byUpdate.Remove((at, order.Id));
            _byId.Remove(order.Id);
            order.IndexedUpdatedAt = null;
        }
    }

    /// <summary>Ids by (updated_at, id) as of now, from a lowest updated_at on.</summary>
    internal IEnumerable<(DateTimeOffset UpdatedAt, long Id)> ByUpdate(DateTimeOffset now, DateTimeOffset from)
    {
        Settle(now);
        return _byUpdate.GetViewBetween((from, long.MinValue), (DateTimeOffset.MaxValue, long.MaxValue));
    }

    /// <summary>Ids in creation order as of now.</summary>
    internal IEnumerable<long> ById(DateTimeOffset now)
    {
        Settle(now);
        return _byId;
    }

    private void Settle(DateTimeOffset now)
    {
        while (_waiting.TryPeek(out var order, out var due) && due <= now)
        {
            _waiting.Dequeue();
            Add(order);
        }
    }
}
