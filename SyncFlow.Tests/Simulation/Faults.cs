namespace SyncFlow.Tests.Simulation;

/// <summary>Which faults a world has, each a probability per chance it gets.</summary>
internal sealed record Faults
{
    public double Dropped { get; init; } = 0.2;
    public double Repeated { get; init; } = 0.2;
    public double LostAnswer { get; init; } = 0.2;
    public double NotPersisted { get; init; }
    public double Late { get; init; }

    /// <summary>How many of the channels, the last ones, take absolute values: they never compare.</summary>
    public int Absolute { get; init; }

    /// <summary>Write to them as if they compared: without the zero barrier.</summary>
    public bool WithoutBarrier { get; init; }

    /// <summary>The first channel is a till that sells what lies in the shop; half of the stock is set aside.</summary>
    public bool Till { get; init; }

    /// <summary>Treat the till as a channel that sells what it shows.</summary>
    public bool TillTakenForCapped { get; init; }

    /// <summary>Compare with what the channel shows instead of with belief: the classic mistake, to see it caught.</summary>
    public bool CompareWithFreshRead { get; init; }
}
