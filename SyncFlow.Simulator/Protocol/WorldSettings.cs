using SyncFlow.Core.Allocation;

namespace SyncFlow.Simulator.Protocol;

/// <summary>Who keeps the shelves.</summary>
internal enum Keeper
{
    /// <summary>The production rules.</summary>
    Protocol,

    /// <summary>The usual way: on every order, set the other shelves to what is left.</summary>
    Naive,
}

/// <summary>A classic mistake put beside the production rules, to see that these worlds catch it.</summary>
internal enum Mistake
{
    None,

    /// <summary>Compare with what the channel shows at the moment instead of with belief.</summary>
    CompareWithFreshRead,

    /// <summary>Take an acknowledgement for proof.</summary>
    TrustAcknowledgements,

    /// <summary>Settle a lost answer by the next reading, not by the first after its deadline.</summary>
    ForgetLateRequests,

    /// <summary>Take a reading for exact although orders may still be invisible.</summary>
    IgnoreVisibilityLag,
}

/// <summary>Faults of one world, each a probability per chance it gets, 0 to 1.</summary>
internal sealed record WorldFaults
{
    /// <summary>Webhooks that never arrive.</summary>
    public double Dropped { get; init; }

    /// <summary>Webhooks that arrive twice.</summary>
    public double Repeated { get; init; }

    /// <summary>Webhooks that take minutes, and so arrive in any order.</summary>
    public double Delayed { get; init; }

    /// <summary>Writes that are carried out or refused without our hearing of it.</summary>
    public double LostAnswer { get; init; }

    /// <summary>Writes that are acknowledged and not carried out.</summary>
    public double NotPersisted { get; init; }

    /// <summary>Writes that get no answer and arrive minutes later.</summary>
    public double Late { get; init; }

    /// <summary>Per minute: the worker dies and another starts without what was in its memory.</summary>
    public double Crash { get; init; }

    /// <summary>Per transaction: it is rolled back by a crash just before its commit.</summary>
    public double Rollback { get; init; }

    /// <summary>Per minute: no wake-ups for a minute; only sweeps find work.</summary>
    public double WakeUpsLost { get; init; }

    /// <summary>Per minute: a channel refuses our credential for some minutes.</summary>
    public double TokenLost { get; init; }

    /// <summary>Per minute: a channel answers nothing and sends nothing for some minutes.</summary>
    public double Outage { get; init; }

    /// <summary>Most seconds until an order appears in order queries; never above the lag the verify cycle waits.</summary>
    public double VisibilityLag { get; init; }

    /// <summary>Seconds by which a channel's clock is off, at most, either way.</summary>
    public double ClockDrift { get; init; }

    /// <summary>Per minute: somebody lowers a level by hand.</summary>
    public double OutsideDecrease { get; init; }

    /// <summary>Per minute: somebody raises a level by hand. Breaks an assumption.</summary>
    public double OutsideIncrease { get; init; }

    /// <summary>Orders made by an application that took no units from the level. Breaks an assumption.</summary>
    public double Bypassed { get; init; }

    /// <summary>Per minute: units are lost in the warehouse (a fact that takes units away).</summary>
    public double WriteOff { get; init; }

    /// <summary>Orders of a store with several locations that are taken from one of them alone, even below zero.</summary>
    public double RoutedWhole { get; init; }
}

/// <summary>Everything that makes a world; the same settings give the same world to the last step.</summary>
internal sealed record WorldSettings
{
    public required int Seed { get; init; }
    public Keeper Keeper { get; init; } = Keeper.Protocol;
    public Mistake Mistake { get; init; } = Mistake.None;
    public SharingMode Mode { get; init; } = SharingMode.Guard;

    /// <summary>Channels, 2 to 6.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Locations that may ship for each other.</summary>
    public int Locations { get; init; } = 1;

    public int Skus { get; init; } = 1;

    /// <summary>Units of each SKU over all locations at the start.</summary>
    public int Stock { get; init; } = 40;

    /// <summary>Units received per SKU while the world runs.</summary>
    public int Receipts { get; init; }

    /// <summary>Orders per minute over all channels, bursts apart.</summary>
    public double OrdersPerMinute { get; init; } = 6;

    /// <summary>Part of the orders that are cancelled and put back.</summary>
    public double Cancelled { get; init; } = 0.08;

    /// <summary>Part of the orders that are fulfilled.</summary>
    public double Fulfilled { get; init; } = 0.3;

    /// <summary>How long buyers buy, in minutes.</summary>
    public double Minutes { get; init; } = 20;

    public WorldFaults Faults { get; init; } = new();

    /// <summary>Whether something is allowed to break an assumption, so that exactly those units may be oversold.</summary>
    public bool BreaksAssumptions => Faults.OutsideIncrease > 0 || Faults.Bypassed > 0 || Faults.WriteOff > 0;

    /// <summary>What an ordinary bad day brings: a few messages lost, late or twice, a lost answer now and then, an outage.</summary>
    public static WorldFaults Everyday { get; } = new()
    {
        Dropped = 0.02,
        Repeated = 0.05,
        Delayed = 0.02,
        LostAnswer = 0.005,
        NotPersisted = 0.005,
        Crash = 0.02,
        Outage = 0.02,
        VisibilityLag = 5,
    };

    /// <summary>A world with faults of many kinds at once, drawn by its seed.</summary>
    public static WorldSettings Draw(int seed, SharingMode mode = SharingMode.Guard)
    {
        var random = new Random(seed);
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        var channels = random.Next(2, 7);
        return new WorldSettings
        {
            Seed = seed,
            Mode = mode,
            Channels = channels,
            Locations = random.NextDouble() < 0.4 ? random.Next(2, 4) : 1,
            Skus = random.NextDouble() < 0.3 ? 2 : 1,
            Stock = random.Next(1, 60),
            Receipts = random.NextDouble() < 0.4 ? random.Next(1, 30) : 0,
            OrdersPerMinute = 2 + (random.NextDouble() * 10),
            Cancelled = random.NextDouble() * 0.2,
            Fulfilled = random.NextDouble() * 0.6,
            Faults = new WorldFaults
            {
                Dropped = Some(0.6, 0.5),
                Repeated = Some(0.6, 0.4),
                Delayed = Some(0.6, 0.4),
                LostAnswer = Some(0.5, 0.3),
                NotPersisted = Some(0.4, 0.3),
                Late = Some(0.4, 0.3),
                Crash = Some(0.4, 0.3),
                Rollback = Some(0.4, 0.2),
                WakeUpsLost = Some(0.3, 0.5),
                TokenLost = Some(0.2, 0.1),
                Outage = Some(0.3, 0.1),
                VisibilityLag = Some(0.5, 9),
                ClockDrift = Some(0.4, 300),
                OutsideDecrease = Some(0.1, 0.3),
                OutsideIncrease = Some(0.1, 0.2),
                Bypassed = Some(0.1, 0.2),
                WriteOff = Some(0.1, 0.1),
                RoutedWhole = Some(0.5, 1),
            },
        };
    }

    /// <summary>A drawn world with plenty of the fault that this mistake falls for, and no assumption broken but its own.</summary>
    public static WorldSettings Provoke(int seed, Mistake mistake)
    {
        var drawn = Draw(seed) with { Mistake = mistake, Stock = 20 + (seed % 20), OrdersPerMinute = 12, Receipts = 10 };
        var faults = drawn.Faults with { Bypassed = 0, OutsideDecrease = 0, OutsideIncrease = 0, WriteOff = 0 };
        return drawn with
        {
            Faults = mistake switch
            {
                Mistake.TrustAcknowledgements => faults with { NotPersisted = 0.3 },
                Mistake.ForgetLateRequests => faults with { Late = 0.4 },
                Mistake.IgnoreVisibilityLag => faults with { VisibilityLag = 9.5, Dropped = 0.8 },
                _ => faults with { Dropped = 0.5, Delayed = 0.4 },
            },
        };
    }
}
