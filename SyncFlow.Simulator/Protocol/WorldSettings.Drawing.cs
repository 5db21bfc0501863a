using System.Collections.Immutable;
using SyncFlow.Core.Allocation;

namespace SyncFlow.Simulator.Protocol;

/// <content>How worlds are drawn by their seeds.</content>
internal sealed partial record WorldSettings
{
    /// <summary>A world with faults of many kinds and ingredients of many kinds at once, drawn by its seed; in some there are neighbours.</summary>
    public static WorldSettings Draw(int seed, SharingMode? mode = null) => Alone(seed, mode) with { Neighbours = NeighboursOf(seed, mode) };

    /// <summary>One or two tenants beside that of one seed in twelve, by seeds of their own; drawn apart, so that every other world stays alone.</summary>
    private static ImmutableArray<WorldSettings> NeighboursOf(int seed, SharingMode? mode)
    {
        var random = new Random(unchecked((seed * 43) + 691));
        var tenants = random.NextDouble() >= 1.0 / 12 ? 0 : random.NextDouble() < 0.75 ? 1 : 2;
        return [.. Enumerable.Range(2, tenants).Select(tenant => Alone(random.Next(), mode) with { Tenant = tenant })];
    }

    /// <summary>A tenant as it is drawn by a seed, with nobody beside it.</summary>
    public static WorldSettings Alone(int seed, SharingMode? mode = null)
    {
        var random = new Random(seed);
        return ClosedSome(Leased(Ruled(Lively(BoundedSome(Enriched(Plain(seed, mode, random), random))), mode)));
    }

    /// <summary>A drawn world of stores that compare, and of SKUs that are no kits.</summary>
    public static WorldSettings Plain(int seed, SharingMode? mode = null) => Plain(seed, mode, new Random(seed));

    private static WorldSettings Plain(int seed, SharingMode? mode, Random random)
    {
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

    private static WorldSettings Enriched(WorldSettings plain, Random random)
    {
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        var kits = random.NextDouble() < 0.2 ? random.Next(1, 3) : 0;
        var closed = Some(0.15, 0.2);
        return Parking(plain with
        {
            Kits = kits,
            Skus = kits > 0 ? 2 : plain.Skus,
            Absolute = random.NextDouble() < 0.25 ? random.Next(1, plain.Channels + 1) : 0,
            Till = random.NextDouble() < 0.2,
            Aside = random.NextDouble(),
            CartsPerMinute = Some(0.4, 3),
            Faults = plain.Faults with { Untracked = Some(0.1, 0.1), ClosedPlace = closed },
        }, random);
    }

    /// <summary>In some worlds channels without compare-and-set are in bounded guard; drawn apart, so that nothing else changes.</summary>
    private static WorldSettings BoundedSome(WorldSettings drawn)
    {
        var random = new Random(unchecked((drawn.Seed * 31) + 85));
        return drawn.Absolute > 0 && random.NextDouble() < 0.5 ? drawn with { Bounded = random.Next(1, drawn.Absolute + 1) } : drawn;
    }

    /// <summary>In some worlds of several locations one is closed into another, whatever is in doubt there; drawn apart too.</summary>
    private static WorldSettings ClosedSome(WorldSettings drawn)
    {
        var random = new Random(unchecked((drawn.Seed * 31) + 489));
        return drawn is { Locations: > 1, Parks: false } && random.NextDouble() < 0.4
            ? drawn with { Faults = drawn.Faults with { ClosedInto = random.NextDouble() * 0.4 } }
            : drawn;
    }

    /// <summary>In some worlds more becomes of orders than that they are cancelled or fulfilled whole; drawn apart too.</summary>
    private static WorldSettings Lively(WorldSettings drawn)
    {
        var random = new Random(unchecked((drawn.Seed * 31) + 186));
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        return drawn with { Lives = new Liveliness(Some(0.35, 0.8), Some(0.2, 2), Some(0.2, 1)) };
    }

    /// <summary>In some worlds the merchant changes his rules meanwhile; how a SKU is shared only where no mode is asked for.</summary>
    private static WorldSettings Ruled(WorldSettings drawn, SharingMode? mode)
    {
        var random = new Random(unchecked((drawn.Seed * 31) + 287));
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        var habits = new MerchantHabits(Some(0.2, 0.8), Some(0.12, 0.6), Some(0.15, 0.6), Some(0.15, 0.4));
        return drawn with { Habits = mode is null ? habits : habits with { Modes = 0 } };
    }

    /// <summary>In some worlds workers have trouble with their leases; drawn apart, so that nothing else changes.</summary>
    private static WorldSettings Leased(WorldSettings drawn)
    {
        var random = new Random(unchecked((drawn.Seed * 37) + 90));
        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        return drawn with
        {
            Faults = drawn.Faults with { StandsStill = Some(0.3, 0.04), BeatLost = Some(0.2, 0.4), WorkerClocks = Some(0.4, 0.1) },
        };
    }

    /// <summary>Some worlds have an authority that parks; drawn last, so that every other world stays the one it was.</summary>
    private static WorldSettings Parking(WorldSettings drawn, Random random)
    {
        if (random.NextDouble() >= 0.15)
        {
            return drawn;
        }

        double Some(double chance, double most) => random.NextDouble() < chance ? random.NextDouble() * most : 0;
        return drawn with
        {
            Parks = true,
            Faults = drawn.Faults with { ParkedMoved = Some(0.3, 0.4), ParkedEdited = Some(0.3, 0.4), ParkingSwitched = Some(0.2, 0.3) },
        };
    }

    /// <summary>A drawn world with plenty of the fault that this mistake falls for, and no assumption broken but those it is about.</summary>
    public static WorldSettings Provoke(int seed, Mistake mistake)
    {
        var drawn = Plain(seed, SharingMode.Guard) with { Mistake = mistake, Stock = 20 + (seed % 20), OrdersPerMinute = 25, Receipts = 40 };
        var faults = drawn.Faults with { Bypassed = 0, OutsideDecrease = 0, OutsideIncrease = 0, WriteOff = 0 };
        return Exposed(drawn, mistake) with
        {
            Faults = mistake switch
            {
                Mistake.BudgetPerLevel => faults with { RoutedWhole = 0.9 },
                Mistake.LaterCompareSettles => faults with { Late = 0.6, Dropped = 0, Crash = 0, Outage = 0, TokenLost = 0 },
                Mistake.NegativeLends => faults with { SellsOn = 0.5, Dropped = 0 },
                Mistake.BypassTakenForClaim => faults with { Bypassed = 0.2, Dropped = 0 },
                Mistake.CommitUnderAnOldEpoch => faults with { StandsStill = 0.02 },
                Mistake.TakeOverAtOnce => faults with { Late = 0.4, Crash = 0.5 },
                Mistake.SendPastTheLease => faults with { Late = 0.9, StandsStill = 0.2 },
                Mistake.TrustAcknowledgements => faults with { NotPersisted = 0.3 },
                Mistake.ForgetLateRequests => faults with { Late = 0.4 },
                Mistake.IgnoreVisibilityLag => faults with { VisibilityLag = 9.5, Dropped = 0.95, NotPersisted = 0.4 },
                _ => faults with { Dropped = 0.5, Delayed = 0.4 },
            },
        };
    }

    /// <summary>What else a world needs for a mistake to matter in it.</summary>
    private static WorldSettings Exposed(WorldSettings drawn, Mistake mistake) => mistake switch
    {
        Mistake.BudgetPerLevel => drawn with { Locations = 3 },
        Mistake.CommitUnderAnOldEpoch => drawn with { LongPauses = 0 },
        Mistake.TakeOverAtOnce => drawn with { KeepingKeys = 0 },
        Mistake.SendPastTheLease => drawn with { LongPauses = 1, LongestPause = 15, Minutes = 16 },
        Mistake.LaterCompareSettles => drawn with { Locations = 1, KeepingKeys = 0, Stock = 10, Minutes = 16, Receipts = 80 },
        Mistake.LeaseByNumber or Mistake.SendByNumber or Mistake.DeliverByNumber or Mistake.CommitByNumber =>
            Doubled(drawn with { KeepingKeys = 0 }),
        _ => drawn,
    };

    /// <summary>Two tenants of the same shape, so that whatever is one's would fit the other; without keys, which are the same too.</summary>
    private static WorldSettings Doubled(WorldSettings drawn) =>
        drawn with { Neighbours = [drawn with { Mistake = Mistake.None, Seed = drawn.Seed + 1, Tenant = 2 }] };
}
