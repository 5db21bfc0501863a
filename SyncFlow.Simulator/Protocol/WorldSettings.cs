using SyncFlow.Core;
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

/// <summary>Everything that makes a world; the same settings give the same world to the last step.</summary>
internal sealed record WorldSettings
{
    public required int Seed { get; init; }
    public Keeper Keeper { get; init; } = Keeper.Protocol;
    public Mistake Mistake { get; init; } = Mistake.None;
    public SharingMode Mode { get; init; } = SharingMode.Guard;

    /// <summary>Whose world it is. Two tenants have the same connections and variants, and SKUs of their own.</summary>
    public int Tenant { get; init; } = 1;

    /// <summary>Channels, 2 to 6.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Locations that may ship for each other.</summary>
    public int Locations { get; init; } = 1;

    public int Skus { get; init; } = 1;

    /// <summary>How many of the channels are proven to apply a repeated key once (rule R8).</summary>
    public int KeepingKeys { get; init; }

    /// <summary>Most seconds until the warehouse tells of what came in or was lost; each is told once to three times.</summary>
    public double SourceDelay { get; init; }

    /// <summary>From this minute on, for a quarter of an hour, nothing goes to any channel and nothing comes from one.</summary>
    public double? DeadFrom { get; init; }

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

    /// <summary>The world ends when the buyers have gone, without waiting until all is at rest.</summary>
    public bool OnlyBuying { get; init; }

    public WorldFaults Faults { get; init; } = new();

    /// <summary>The id of a SKU of this tenant.</summary>
    public SkuId SkuOf(int index) => new((Tenant * 1_000) + index);

    /// <summary>Which of this tenant's SKUs it is, from 0.</summary>
    public static int IndexOf(SkuId sku) => (int)(sku.Value % 1_000);

    /// <summary>Whether something is allowed to break an assumption, so that exactly those units may be oversold.</summary>
    public bool BreaksAssumptions =>
        Faults.OutsideIncrease > 0 || Faults.Bypassed > 0 || Faults.WriteOff > 0 || Faults.SellsOn > 0;

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
    public static WorldSettings Draw(int seed, SharingMode? mode = null)
    {
        var random = new Random(seed);
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        var channels = random.Next(2, 7);
        return new WorldSettings
        {
            Seed = seed,
            Mode = mode ?? (seed % 10) switch { 0 => SharingMode.Shared, 1 or 2 => SharingMode.Adaptive, _ => SharingMode.Guard },
            Channels = channels,
            Locations = random.NextDouble() < 0.4 ? random.Next(2, 4) : 1,
            Skus = random.NextDouble() < 0.3 ? 2 : 1,
            Stock = random.Next(1, 60),
            Receipts = random.NextDouble() < 0.4 ? random.Next(1, 30) : 0,
            OrdersPerMinute = 3 + (random.NextDouble() * 15),
            Minutes = 8,
            Cancelled = random.NextDouble() * 0.2,
            Fulfilled = random.NextDouble() * 0.6,
            KeepingKeys = random.Next(0, channels + 1),
            SourceDelay = random.NextDouble() < 0.5 ? random.NextDouble() * 120 : 0,
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
                SellsOn = Some(0.1, 0.1),
            },
        };
    }

    /// <summary>A drawn world with plenty of the fault that this mistake falls for, and no assumption broken but its own.</summary>
    public static WorldSettings Provoke(int seed, Mistake mistake)
    {
        var drawn = Draw(seed, SharingMode.Guard) with { Mistake = mistake, Stock = 20 + (seed % 20), OrdersPerMinute = 25, Receipts = 40 };
        var faults = drawn.Faults with { Bypassed = 0, OutsideDecrease = 0, OutsideIncrease = 0, WriteOff = 0 };
        return drawn with
        {
            Faults = mistake switch
            {
                Mistake.TrustAcknowledgements => faults with { NotPersisted = 0.3 },
                Mistake.ForgetLateRequests => faults with { Late = 0.4 },
                Mistake.IgnoreVisibilityLag => faults with { VisibilityLag = 9.5, Dropped = 0.95, NotPersisted = 0.4 },
                _ => faults with { Dropped = 0.5, Delayed = 0.4 },
            },
        };
    }
}
