namespace SyncFlow.Simulator.Buyers;

/// <summary>How the crowd buys. Rates of what follows an order are shares of accepted orders.</summary>
public sealed record BuyerSettings
{
    /// <summary>Mean orders per second over all stores; arrivals are Poisson.</summary>
    public double OrdersPerSecond { get; init; } = 5;

    /// <summary>Share cancelled with restock before anything ships.</summary>
    public double CancelRate { get; init; } = 0.02;

    /// <summary>Share with one unit refunded and restocked.</summary>
    public double RefundRate { get; init; } = 0.01;

    /// <summary>Share edited down by a unit, or dropped back to one.</summary>
    public double EditRate { get; init; } = 0.01;

    /// <summary>Share fulfilled.</summary>
    public double FulfillRate { get; init; } = 0.2;

    /// <summary>Mean wait before the follow-up, milliseconds, exponential.</summary>
    public int FollowUpMs { get; init; } = 5_000;

    /// <summary>Exponent of the Zipf distribution of demand over SKUs; 0 spreads it evenly.</summary>
    public double ZipfExponent { get; init; } = 1.0;

    /// <summary>Most units on a line.</summary>
    public int MaxUnits { get; init; } = 3;

    /// <summary>Most lines of an order.</summary>
    public int MaxLines { get; init; } = 2;

    /// <summary>Domains to buy at; empty for all.</summary>
    public IReadOnlyList<string> Shops { get; init; } = [];

    /// <summary>The first setting that makes no sense, as (name, reason); null when all are fine.</summary>
    public (string Field, string Reason)? Problem()
    {
        if (OrdersPerSecond is not (>= 0 and <= 5_000))
        {
            return (nameof(OrdersPerSecond), "must lie between 0 and 5,000");
        }

        foreach (var (name, rate) in new[]
        {
            (nameof(CancelRate), CancelRate), (nameof(RefundRate), RefundRate), (nameof(EditRate), EditRate),
            (nameof(FulfillRate), FulfillRate),
        })
        {
            if (rate is not (>= 0 and <= 1))
            {
                return (name, "must lie between 0 and 1");
            }
        }

        if (CancelRate + RefundRate + EditRate + FulfillRate > 1)
        {
            return (nameof(CancelRate), "the rates together must not exceed 1");
        }

        return ZipfExponent is not (>= 0 and <= 5) ? (nameof(ZipfExponent), "must lie between 0 and 5")
            : MaxUnits is < 1 or > 100 ? (nameof(MaxUnits), "must lie between 1 and 100")
            : MaxLines is < 1 or > 20 ? (nameof(MaxLines), "must lie between 1 and 20")
            : FollowUpMs is < 0 or > 86_400_000 ? (nameof(FollowUpMs), "must lie between 0 and 86,400,000")
            : null;
    }
}
