namespace SyncFlow.Channels.Shopify;

/// <summary>What points are spent on.</summary>
public enum BudgetUse : short
{
    /// <summary>Writing levels and everything else that must not wait.</summary>
    Publish = 1,

    /// <summary>
    /// Verifying; may use a quarter of the budget (<see cref="CostBudget.VerifyShare"/>), and beyond it what leaves the
    /// bucket more than half full: points that writes could not use before they are restored anyway.
    /// </summary>
    Verify = 2,
}

/// <summary>What a shop said of its bucket.</summary>
/// <param name="MaximumAvailable">Its size in points.</param>
/// <param name="CurrentlyAvailable">Points in it now.</param>
/// <param name="RestoreRate">Points per second.</param>
public readonly record struct ThrottleStatus(double MaximumAvailable, double CurrentlyAvailable, double RestoreRate);

/// <summary>Calls since the last time they were asked for, and the bucket now.</summary>
/// <param name="Throttled">Those of them that the shop refused for want of points.</param>
/// <param name="Available">Points we believe to be free.</param>
/// <param name="RestoreRate">Points per second.</param>
public readonly record struct CallCounts(long Calls, long Throttled, double Available, double RestoreRate);

/// <summary>
/// The leaky bucket of one shop and app, as far as we know it: Shopify counts points per app and shop, refills at the
/// plan's rate, and says where it stands in every answer. Points are reserved before a call and corrected after it, so
/// that parallel calls do not spend the same ones. Time is an argument; the object is safe to share.
/// </summary>
public sealed class CostBudget
{
    /// <summary>Part of size and rate that <see cref="BudgetUse.Verify"/> may use.</summary>
    public const double VerifyShare = 0.25;

    /// <summary>Part of the bucket that verifying beyond its share always leaves for writes.</summary>
    public const double KeptForWrites = 0.5;

    /// <summary>Dearest single call Shopify runs on any plan, in points.</summary>
    public const int DearestCall = 1_000;

    /// <summary>What the smallest plan has; assumed until the first answer.</summary>
    public static readonly ThrottleStatus Smallest = new(2_000, 2_000, 100);

    private readonly Lock _gate = new();
    private Bucket _all;
    private Bucket _verify;
    private double _reserved;
    private double _spare;
    private long _calls;
    private long _throttled;

    /// <summary>A budget that knows nothing of the shop yet.</summary>
    public CostBudget(DateTimeOffset now)
    {
        _all = new Bucket(Smallest, now);
        _verify = new Bucket(Share(Smallest), now);
    }

    /// <summary>Points we believe to be free now.</summary>
    public double Available(DateTimeOffset now)
    {
        lock (_gate)
        {
            return _all.Refilled(now).Points;
        }
    }

    /// <summary>Points per second, as last learned.</summary>
    public double RestoreRate
    {
        get
        {
            lock (_gate)
            {
                return _all.Rate;
            }
        }
    }

    /// <summary>Takes points for a call. Zero when they were taken; else how long to wait before asking again.</summary>
    /// <param name="cost">Points, 1 to <see cref="DearestCall"/>.</param>
    public TimeSpan TryReserve(int cost, BudgetUse use, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cost, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cost, DearestCall);
        lock (_gate)
        {
            _all = _all.Refilled(now);
            _verify = _verify.Refilled(now);
            var wait = _all.SecondsUntil(cost);
            var shared = use == BudgetUse.Verify && _all.Points - cost < _all.Size * KeptForWrites;
            if (shared)
            {
                wait = Math.Max(wait, _verify.SecondsUntil(cost));
            }

            if (wait > 0)
            {
                return TimeSpan.FromSeconds(wait);
            }

            _all = _all.Minus(cost);
            _reserved += cost;
            if (shared)
            {
                _verify = _verify.Minus(cost);
            }
            else if (use == BudgetUse.Verify)
            {
                _spare += cost; // Not owed by the share, so nothing of it comes back there.
            }

            return TimeSpan.Zero;
        }
    }

    /// <summary>
    /// Ends a reservation with what the call came to. Points the call did not use come back; the shop's own word on its
    /// bucket replaces our guess, less what other calls still hold.
    /// </summary>
    /// <param name="reserved">As given to <see cref="TryReserve"/>.</param>
    /// <param name="actual">Points really used; null when the answer did not say (a lost answer counts whole).</param>
    public void Settle(int reserved, BudgetUse use, double? actual, ThrottleStatus? status, DateTimeOffset now)
    {
        lock (_gate)
        {
            _reserved = Math.Max(0, _reserved - reserved);
            _all = _all.Refilled(now);
            _verify = _verify.Refilled(now);
            var back = reserved - (actual ?? reserved);
            if (use == BudgetUse.Verify && _spare >= reserved)
            {
                _spare -= reserved;
            }
            else if (use == BudgetUse.Verify)
            {
                _verify = _verify.Minus(-back);
            }

            if (status is { MaximumAvailable: > 0, RestoreRate: > 0 } told)
            {
                // Calls still under way may or may not be counted in the shop's figure: they are taken off, for a
                // call too few is cheaper than a refusal.
                _all = new Bucket(told, now).Minus(_reserved);
                _verify = _verify.Resized(Share(told));
            }
            else
            {
                _all = _all.Minus(-back);
            }
        }
    }

    /// <summary>Counts a call that was answered, or whose answer was lost.</summary>
    /// <param name="throttled">Whether the shop refused it for want of points.</param>
    public void Count(bool throttled)
    {
        lock (_gate)
        {
            _calls++;
            _throttled += throttled ? 1 : 0;
        }
    }

    /// <summary>What was counted since the last time.</summary>
    public CallCounts TakeCounts(DateTimeOffset now)
    {
        lock (_gate)
        {
            var counts = new CallCounts(_calls, _throttled, _all.Refilled(now).Points, _all.Rate);
            (_calls, _throttled) = (0, 0);
            return counts;
        }
    }

    /// <summary>The shop refused a call for want of points and said nothing more: our figure was too high.</summary>
    public void Exhausted(DateTimeOffset now)
    {
        lock (_gate)
        {
            _all = _all.Refilled(now) with { Points = 0 };
        }
    }

    private static ThrottleStatus Share(ThrottleStatus whole) => new(
        whole.MaximumAvailable * VerifyShare, whole.MaximumAvailable * VerifyShare, whole.RestoreRate * VerifyShare);

    /// <summary>Points may be below zero: calls under way that the shop has counted before us.</summary>
    private readonly record struct Bucket(double Size, double Points, double Rate, DateTimeOffset At)
    {
        internal Bucket(ThrottleStatus status, DateTimeOffset now)
            : this(status.MaximumAvailable, status.CurrentlyAvailable, status.RestoreRate, now)
        {
        }

        internal Bucket Refilled(DateTimeOffset now) => now <= At
            ? this
            : this with { Points = Math.Min(Size, Points + (Rate * (now - At).TotalSeconds)), At = now };

        internal Bucket Minus(double cost) => this with { Points = Math.Min(Size, Points - cost) };

        internal Bucket Resized(ThrottleStatus status) => this with
        {
            Size = status.MaximumAvailable,
            Rate = status.RestoreRate,
            Points = Math.Min(Points, status.MaximumAvailable),
        };

        // A call dearer than the bucket waits until it is full: a shop's own bucket is never smaller than a call.
        internal double SecondsUntil(int cost) => Math.Max(0, (Math.Min(cost, Size) - Points) / Rate);
    }
}
