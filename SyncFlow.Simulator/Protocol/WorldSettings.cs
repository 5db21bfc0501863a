using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Stock;

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

    /// <summary>Keep budgets per level instead of per store: one below zero is set to zero, as if that put nothing on sale.</summary>
    BudgetPerLevel,

    /// <summary>Write a level although an answer is lost, and take a later compare that holds for the answer.</summary>
    LaterCompareSettles,

    /// <summary>Let a store that shows less than nothing lend what it lacks to the others.</summary>
    NegativeLends,

    /// <summary>Store what was planned, answered or read under a lease that another has by now.</summary>
    CommitUnderAnOldEpoch,

    /// <summary>Take what an earlier holder left without an answer for not sent, and do not wait for its deadline.</summary>
    TakeOverAtOnce,

    /// <summary>Send what was planned although the lease has run out meanwhile.</summary>
    SendPastTheLease,

    /// <summary>Take orders that bypass inventory for orders that took their units from the level.</summary>
    BypassTakenForClaim,

    /// <summary>Keep the leases of all tenants by the numbers of their connections alone.</summary>
    LeaseByNumber,

    /// <summary>Send a write to whichever tenant's channel had the connection's number first.</summary>
    SendByNumber,

    /// <summary>Put what was read into the inbox of whichever tenant had the connection's number first.</summary>
    DeliverByNumber,

    /// <summary>Store what was planned or answered with whichever tenant had the connection's number first.</summary>
    CommitByNumber,
}

/// <summary>Everything that makes a world; the same settings give the same world to the last step.</summary>
internal sealed partial record WorldSettings
{
    private static readonly ImmutableArray<(int Sku, int Units)>[] KitParts = [[(0, 1), (1, 2)], [(0, 2), (1, 1)]];

    public required int Seed { get; init; }
    public Keeper Keeper { get; init; } = Keeper.Protocol;
    public Mistake Mistake { get; init; } = Mistake.None;
    public SharingMode Mode { get; init; } = SharingMode.Guard;

    /// <summary>Whose world it is. All tenants have the same ids of everything.</summary>
    public int Tenant { get; init; } = 1;

    /// <summary>Where the ids of its SKUs begin, in thousands; as those of connections, levels and orders they are the tenant's own.</summary>
    public long FirstSku { get; init; } = 1_000;

    /// <summary>
    /// Other tenants on the same clock, each with a world of its own, whose connections the same workers serve. What troubles
    /// the workers is what is drawn for this one.
    /// </summary>
    public ImmutableArray<WorldSettings> Neighbours { get; init; } = [];

    /// <summary>Channels, 2 to 6.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Locations that may ship for each other.</summary>
    public int Locations { get; init; } = 1;

    /// <summary>SKUs that are no kit.</summary>
    public int Skus { get; init; } = 1;

    /// <summary>Kits made of the first two SKUs, 0 to 2; two of them share both parts.</summary>
    public int Kits { get; init; }

    /// <summary>How many of the channels, the last ones, take absolute values and compare nothing (rule R15).</summary>
    public int Absolute { get; init; }

    /// <summary>How many of those, the last ones, are guarded by a lag reserve instead of through zero.</summary>
    public int Bounded { get; init; }

    /// <summary>How they are; a world's orders are visible within ten seconds, and told of a little later.</summary>
    public BoundedGuard Bound { get; init; } = new(30);

    /// <summary>Whether a shop is one of them.</summary>
    public bool IsBounded(int shop) => shop <= Channels && shop > Channels - Math.Min(Bounded, Absolute);

    /// <summary>Whether one channel more is a till: it sells whatever lies in the first location and is not set aside.</summary>
    public bool Till { get; init; }

    /// <summary>Whether the first channel, where it compares, is the authority for on-hand and parks what it is not to sell (rule R14).</summary>
    public bool Parks { get; init; }

    /// <summary>Whether a shop is that authority.</summary>
    public bool IsAuthority(int shop) => Parks && shop == 1 && KindOf(shop) == ShopKind.Comparing;

    /// <summary>Part of what lies in the first location at the start that is set aside where there is a till.</summary>
    public double Aside { get; init; }

    /// <summary>Reservations asked for per minute: some expire, some are given back, some are paid and become orders.</summary>
    public double CartsPerMinute { get; init; }

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

    /// <summary>What else becomes of orders.</summary>
    public Liveliness Lives { get; init; }

    /// <summary>What the merchant does to his rules meanwhile.</summary>
    public MerchantHabits Habits { get; init; }

    /// <summary>Whether every SKU is in guard from the beginning to the end.</summary>
    public bool AlwaysGuard => Mode == SharingMode.Guard && Habits.Modes == 0;

    /// <summary>How long buyers buy, in minutes.</summary>
    public double Minutes { get; init; } = 20;

    /// <summary>The world ends when the buyers have gone, without waiting until all is at rest.</summary>
    public bool OnlyBuying { get; init; }

    /// <summary>Part of the pauses of workers that last for minutes.</summary>
    public double LongPauses { get; init; } = 0.1;

    /// <summary>Most minutes of those; a clock that goes on tells its worker.</summary>
    public double LongestPause { get; init; } = 8;

    public WorldFaults Faults { get; init; } = new();

    /// <summary>All that is sold: SKUs, then kits.</summary>
    public int Items => Skus + Kits;

    /// <summary>All that sell: channels, and the till after them.</summary>
    public int Shops => Channels + (Till ? 1 : 0);

    /// <summary>What kind of seller a shop is, by its number from 1.</summary>
    public ShopKind KindOf(int shop) =>
        shop > Channels ? ShopKind.Till : shop > Channels - Absolute ? ShopKind.Absolute : ShopKind.Comparing;

    /// <summary>The id of an item.</summary>
    public SkuId SkuOf(int item) => new(FirstSku + item);

    /// <summary>Which item it is, from 0.</summary>
    public static int IndexOf(SkuId sku) => (int)(sku.Value % 1_000);

    /// <summary>What one of an item takes: itself, or a kit's parts.</summary>
    public ImmutableArray<(int Sku, int Units)> PartsOf(int item) => item < Skus ? [(item, 1)] : KitParts[item - Skus];

    /// <summary>Units of a SKU in one of an item.</summary>
    public int UnitsIn(int item, int sku)
    {
        if (item < Skus)
        {
            return item == sku ? 1 : 0;
        }

        foreach (var part in KitParts[item - Skus])
        {
            if (part.Sku == sku)
            {
                return part.Units;
            }
        }

        return 0;
    }

    /// <summary>The same as the rules know it; empty where the item is no kit.</summary>
    public ImmutableArray<Component> ComponentsOf(int item) =>
        item < Skus ? [] : [.. PartsOf(item).Select(p => new Component(SkuOf(p.Sku), p.Units))];

    /// <summary>Whether something is allowed to break an assumption, so that exactly those units may be oversold.</summary>
    public bool BreaksAssumptions =>
        Faults.OutsideIncrease > 0 || Faults.Bypassed > 0 || Faults.WriteOff > 0 || Faults.SellsOn > 0 || Faults.Untracked > 0
        || Faults.ClosedPlace > 0 || Faults.ClosedInto > 0 || Faults.ParkedMoved > 0 || Faults.ParkedEdited > 0
        || (Parks && Faults.OutsideDecrease > 0);

    /// <summary>
    /// Whether more can be sold than exposure says, because guard is not in force: where values are written over one
    /// another they may put back units sold a moment before (rule R15), and beside a till online orders may be for goods
    /// that lie on its shelf. It is a risk that the merchant takes.
    /// </summary>
    public bool RunsMoreRisk => !AlwaysGuard && (Absolute > 0 || Till);

    /// <summary>Whether units may appear on levels otherwise than by the rules and by orders.</summary>
    public bool UnitsAppear => Faults.OutsideIncrease > 0 || Faults.Untracked > 0 || Faults.ParkedMoved > 0;

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
}
