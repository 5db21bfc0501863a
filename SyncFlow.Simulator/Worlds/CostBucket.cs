namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// Shopify's leaky bucket for one app on one shop, in cost points: it holds 20 seconds of restore. The requested cost is
/// taken before a call, what the call did not use is given back after it.
/// </summary>
public sealed class CostBucket
{
    private const int SecondsOfRestore = 20;
    private double _available;
    private DateTimeOffset _at;

    public CostBucket(ShopPlan plan, DateTimeOffset now)
    {
        RestoreRate = plan switch
        {
            ShopPlan.Standard => 100,
            ShopPlan.Advanced => 200,
            ShopPlan.Plus => 1_000,
        };
        _available = Maximum;
        _at = now;
    }

    /// <summary>Points restored per second.</summary>
    public int RestoreRate { get; }

    /// <summary>Points the bucket holds when full.</summary>
    public int Maximum => RestoreRate * SecondsOfRestore;

    /// <summary>Points at hand now.</summary>
    public double Available(DateTimeOffset now)
    {
        if (now > _at)
        {
            _available = Math.Min(Maximum, _available + ((now - _at).TotalSeconds * RestoreRate));
            _at = now;
        }

        return _available;
    }

    /// <summary>Takes the points, or takes nothing and answers false.</summary>
    public bool TryTake(int cost, DateTimeOffset now)
    {
        if (Available(now) < cost)
        {
            return false;
        }

        _available -= cost;
        return true;
    }

    /// <summary>Gives unused points back.</summary>
    public void GiveBack(int cost, DateTimeOffset now) => _available = Math.Min(Maximum, Available(now) + cost);

    /// <summary>Empties the bucket, for tests and throttle storms.</summary>
    public void Drain(DateTimeOffset now)
    {
        _at = now;
        _available = 0;
    }
}
