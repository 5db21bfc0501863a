namespace SyncFlow.Core.Allocation;

/// <summary>
/// Guard without the zero barrier, on a channel that takes absolute values (rule R15): its levels are written over, so
/// what was sold there a moment before may be put back, and a lag reserve of ⌈v·L·k⌉ units is kept off its share for
/// that. What it sells during the lag beyond the reserve can be oversold: nothing proves the contrary any more.
/// </summary>
/// <param name="LagSeconds">L: seconds until we know of a sale there and a write of ours has arrived.</param>
/// <param name="Factor">k: how many times what it sells in that time is kept.</param>
public sealed record BoundedGuard(double LagSeconds, double Factor = BoundedGuard.UsualFactor)
{
    /// <summary>The safety factor where none is named.</summary>
    public const double UsualFactor = 3;

    /// <summary>The least safety factor: with less not even what is usually sold would be kept.</summary>
    public const double LeastFactor = 1;

    /// <summary>The largest safety factor.</summary>
    public const double MostFactor = 10;

    /// <summary>The shortest lag that can be named.</summary>
    public const double LeastLagSeconds = 1;

    /// <summary>The longest lag that can be named: a channel that is slower is better guarded through zero.</summary>
    public const double MostLagSeconds = 3_600;

    /// <summary>Seconds until a channel without compare-and-set shows every order, where nothing else is known of it.</summary>
    public const double UsualVisibilitySeconds = 120;

    /// <summary>
    /// With the lag that follows from what is known of the channel, unless one is named: until its orders are visible,
    /// and from there until a write has been acknowledged.
    /// </summary>
    /// <param name="lagSeconds">The lag that was named; null for none.</param>
    /// <param name="visibilitySeconds">Until every order is visible; null where nothing is known.</param>
    /// <param name="settleSeconds">Measured from a sale to an acknowledged decrease.</param>
    public static BoundedGuard Of(double? lagSeconds, double? factor, double? visibilitySeconds, double settleSeconds) =>
        new(lagSeconds ?? ((visibilitySeconds ?? UsualVisibilitySeconds) + settleSeconds), factor ?? UsualFactor);

    /// <summary>Why it cannot be set so; null where it can.</summary>
    /// <param name="compares">Whether the channel refuses a write when the level is not what it was compared with.</param>
    public static BoundedGuardFault? Check(bool compares, double? lagSeconds, double? factor)
    {
        if (compares)
        {
            return new("enabled", "The channel compares before it writes, so guard is proven there without a reserve; bounded guard is for channels that take absolute values.");
        }

        if (lagSeconds is { } lag && !(lag >= LeastLagSeconds && lag <= MostLagSeconds))
        {
            return new("lagSeconds", $"{LeastLagSeconds} to {MostLagSeconds} seconds, or left out for what is measured.");
        }

        return factor is { } times && !(times >= LeastFactor && times <= MostFactor)
            ? new("factor", $"{LeastFactor} to {MostFactor}.")
            : null;
    }
}

/// <summary>What is wrong with a wish for bounded guard.</summary>
/// <param name="Field">The member that is wrong.</param>
public sealed record BoundedGuardFault(string Field, string Reason);
