using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Protocol;
using SyncFlow.Tests.Support;
using Xunit;
using Worlds = SyncFlow.Simulator.Protocol.Simulation;

namespace SyncFlow.Tests.Simulation;

/// <summary>Runs alone: it takes all cores, and says how many worlds a second they do.</summary>
[CollectionDefinition(nameof(ProtocolSimulation), DisableParallelization = true)]
public sealed class ProtocolSimulationRuns;

/// <summary>
/// The production rules in thousands of drawn worlds. Everything a world checks, it checks after every single thing
/// that happens in it. The same worlds with a classic mistake must break, or they would prove nothing.
/// </summary>
[Collection(nameof(ProtocolSimulation))]
public sealed class ProtocolSimulation(ITestOutputHelper output)
{
    private const int Count = 10_000;
    private const int Few = 200;

    /// <summary>Half as many show a mistake as well: at least a quarter of its worlds must break.</summary>
    private const int OfAMistake = 100;
    private const double LeastExact = 0.95;

    /// <summary>What docs/protocol.md says the worlds contain: each in a hundredth of them at least.</summary>
    private static readonly string[] Ingredients =
    [
        "allocation rules changed", "allocation rules taken back", "answers lost", "authorities that park",
        "beats of workers without an answer", "bursts of buyers", "channels in bounded guard", "channels that compare",
        "channels without compare-and-set", "clocks that are off", "credentials lost", "drafts that held units and became orders",
        "drafts that held units and were given up", "freezes of a channel's increases, and their end",
        "freezes of all a channel's writes, and their end", "freezes of all channels, and their end", "fulfilment orders that move",
        "fulfilment orders that split", "goods set aside from a till", "items not counted any more, and counted again",
        "items set to sell on at zero, and back", "launches arranged", "leases taken over", "levels lowered by hand",
        "levels raised by hand", "locations closed into another, and opened again", "locations closed, and opened again", "minutes without wake-ups (Redis lost)", "movements told again",
        "order edits, a line added", "order edits, a line removed", "order edits, less of a line", "order edits, more of a line",
        "orders cancelled and put back", "orders fulfilled", "orders held back, and released",
        "orders of channels without compare-and-set", "orders of items that are not counted", "orders of kits",
        "orders of tills that nobody can cap", "orders taken whole from one location, whatever is there",
        "orders that bypass the level", "orders visible late", "outages of a channel", "pairs of kits that share parts",
        "parked units counted anew by hand", "parked units moved by hand", "parking switched off, and on again", "partial cancels",
        "partial fulfilments", "pushes left by a worker that came back too late", "pushes without an answer taken over",
        "refunds of the old kind, shipped", "refunds of the old kind, unshipped", "refunds that came back",
        "refunds without restock, shipped", "refunds without restock, unshipped", "requests asked again under their key",
        "requests that arrive minutes late", "reservations expired", "reservations given back", "reservations granted at once",
        "reservations paid", "reservations refused", "reservations that wait", "risk budgets changed", "safety buffers changed",
        "sharing modes changed", "sources frozen, and thawed", "sources that tell late", "test orders",
        "tenants in adaptive mode", "tenants in guard mode", "tenants in shared mode", "transactions refused for their epoch",
        "transactions rolled back by a crash", "units lost in the warehouse",
        "webhooks delivered twice", "webhooks dropped", "webhooks minutes late, in any order", "workers killed",
        "workers killed that served several tenants", "workers that stand still and serve several tenants",
        "workers that stand still at any step", "workers whose clock runs fast or slow", "workers whose clock stands still with them",
        "worlds of several tenants", "writes acknowledged and not done",
        "writes of on-hand beside parked units", "writes that park or bring back units",
    ];

    /// <summary>Of these, the ones that the summary names.</summary>
    private static readonly string[] Named =
    [
        "orders of kits", "orders of tills that nobody can cap", "orders of channels without compare-and-set", "reservations paid",
        "items not counted any more, and counted again", "locations closed, and opened again",
    ];

    /// <summary>What becomes of orders, and what merchants do meanwhile, several ingredients to a figure.</summary>
    private static readonly (string Name, string[] Begins)[] Told =
    [
        ("order edits", ["order edits"]), ("partial cancels", ["partial cancels"]), ("partial refunds", ["refunds"]),
        ("partial fulfilments", ["partial fulfilments"]), ("fulfilment orders moved or split", ["fulfilment orders"]),
        ("orders held back", ["orders held back"]), ("drafts given up", ["drafts that held units and were given up"]),
        ("test orders", ["test orders"]), ("rule changes", ["allocation rules", "safety buffers", "risk budgets", "launches"]),
        ("sharing modes changed", ["sharing modes"]), ("freezes", ["freezes", "sources frozen"]),
    ];

    [Fact]
    public void No_invariant_is_broken_in_any_world()
    {
        var report = Holds(Seeds.Worlds(Count).Select(seed => WorldSettings.Draw(seed)), inSummary: true);

        // A world that sells nothing is trivially safe, and what never happens proves nothing.
        report.Orders.ShouldBeGreaterThan(report.Worlds.Count);
        TestSummary.Add($"Simulation: with {string.Join(", ", Named.Select(n => $"{report.Tally.Counts.GetValueOrDefault(n).Times} {n}"))}");
        TestSummary.Add($"Simulation: with {string.Join(", ", Told.Select(t => $"{Times(report, t.Begins)} {t.Name}"))}");
        Checks(report);
        if (report.Worlds.Count == Count)
        {
            Ingredients.Where(i => report.Tally.Counts.GetValueOrDefault(i).Worlds < Count / 100).ShouldBeEmpty();
        }
    }

    private static long Times(SimulationReport report, string[] begins) => report.Tally.Counts
        .Where(c => begins.Any(b => c.Key.StartsWith(b, StringComparison.Ordinal))).Sum(c => c.Value.Times);

    /// <summary>Why it holds is looked at after every step of every world, and almost always without an allowance.</summary>
    private static void Checks(SimulationReport report)
    {
        var counts = report.Tally.Counts;
        var (worlds, steps) = counts["steps in which both identities were checked"];
        steps.ShouldBe(counts["steps looked at"].Times);
        worlds.ShouldBe(report.Worlds.Count);

        var (exact, beside) = (counts["selling units compared exactly"].Times, counts.GetValueOrDefault("selling units compared beside units that were tampered with").Times);
        var share = exact / (double)(exact + beside);
        TestSummary.Add($"Simulation: both identities in {worlds} worlds, after {steps} steps, {share:P1} of {exact + beside} comparisons without an allowance");
        if (report.Worlds.Count == Count)
        {
            share.ShouldBeGreaterThan(LeastExact);
        }
    }

    /// <summary>Worlds that broke, each for a fault of its own (docs/simulation.md).</summary>
    [Theory]
    [InlineData(3140, "a place that is closed on every channel takes its doubt along")]
    [InlineData(6845, "a lost increase was done, and its units moved with the orders that had taken them")]
    [InlineData(3536, "a level that was emptied was taken below zero since")]
    [InlineData(2305, "units that appeared are seen again, and are not sought beside that")]
    [InlineData(6119, "a zero hides that an order is booked at another place than it was taken from")]
    [InlineData(4745, "so does a lost answer")]
    [InlineData(2861, "what is put back is not what appeared")]
    [InlineData(6892, "the other end of a movement hides behind a put-back, and on-hand did not move")]
    public void A_world_that_broke_where_locations_are_closed_into_another_or_orders_move_unseen_holds(int seed, string fault) =>
        new ProtocolWorld(WorldSettings.Draw(seed)).Run().Violation.ShouldBeNull(fault);

    /// <summary>The same, of tills, of freezes and of items that are sold on at zero.</summary>
    [Theory]
    [InlineData(72908, "what came back over the counter is sold again where by the books nothing lies")]
    [InlineData(34004, "what was exposed is over, and in the same moment other units are")]
    [InlineData(110417, "a store that decides level by level sells on beyond the one level, not beyond its total")]
    public void A_world_that_broke_beside_a_till_a_freeze_or_sales_past_the_level_holds(int seed, string fault) =>
        new ProtocolWorld(WorldSettings.Draw(seed)).Run().Violation.ShouldBeNull(fault);

    [Theory]
    [InlineData(nameof(Mistake.CompareWithFreshRead))]
    [InlineData(nameof(Mistake.TrustAcknowledgements))]
    [InlineData(nameof(Mistake.ForgetLateRequests))]
    [InlineData(nameof(Mistake.IgnoreVisibilityLag))]
    [InlineData(nameof(Mistake.BudgetPerLevel))]
    [InlineData(nameof(Mistake.LaterCompareSettles))]
    [InlineData(nameof(Mistake.NegativeLends))]
    [InlineData(nameof(Mistake.BypassTakenForClaim))]
    [InlineData(nameof(Mistake.CommitUnderAnOldEpoch))]
    [InlineData(nameof(Mistake.TakeOverAtOnce))]
    [InlineData(nameof(Mistake.SendPastTheLease))]
    [InlineData(nameof(Mistake.LeaseByNumber))]
    public void A_classic_mistake_is_caught(string name)
    {
        var mistake = Enum.Parse<Mistake>(name);
        var seeds = Seeds.Worlds(OfAMistake);
        var worlds = Worlds.Run(seeds.Select(seed => WorldSettings.Provoke(seed, mistake)));
        output.WriteLine($"{worlds.Violations.Count()} of {worlds.Worlds.Count} worlds broke with {mistake}; first: {worlds.Violations.FirstOrDefault()?.Violation}");
        worlds.Violations.Count().ShouldBeGreaterThanOrEqualTo(seeds.Count / 4);
        Holds(seeds.Select(seed => WorldSettings.Provoke(seed, mistake) with { Mistake = Mistake.None }));
    }

    [Fact]
    public void C11_A_quarter_of_an_hour_with_every_push_and_webhook_dead_oversells_nothing_in_guard()
    {
        static WorldSettings Dead(int seed, SharingMode mode, Keeper keeper = Keeper.Protocol) => WorldSettings.Plain(seed, mode) with
        {
            Keeper = keeper,
            DeadFrom = 3,
            Minutes = 20,
            OrdersPerMinute = 12,
            Faults = WorldSettings.Everyday,
        };

        var seeds = Seeds.Worlds(Few);
        var guard = Holds(seeds.Select(seed => Dead(seed, SharingMode.Guard)));
        guard.Oversold.ShouldBe(0);
        guard.Orders.ShouldBeGreaterThan(10 * seeds.Count);

        // The same quarter of an hour is not harmless by itself.
        Worlds.Run(seeds.Select(seed => Dead(seed, SharingMode.Guard, Keeper.Naive))).Oversold.ShouldBeGreaterThan(seeds.Count);
        Worlds.Run(seeds.Select(seed => Dead(seed, SharingMode.Shared))).Oversold.ShouldBeGreaterThan(seeds.Count);
    }

    [Fact]
    public void R15_A_bounded_channel_oversells_no_more_than_was_sold_unseen_and_its_reserve_spares_most_of_that()
    {
        static WorldSettings Bounded(int seed, BoundedGuard bound) => WorldSettings.Plain(seed, SharingMode.Guard) with
        {
            Absolute = 1,
            Bounded = 1,
            Bound = bound,
            Channels = 3,
            Stock = 60,
            Receipts = 120,
            OrdersPerMinute = 60,
            Faults = WorldSettings.Everyday with { VisibilityLag = 9, Dropped = 0.5, Delayed = 0.3 },
        };

        var seeds = Seeds.Worlds(Few);
        var kept = Holds(seeds.Select(seed => Bounded(seed, new BoundedGuard(60))));
        var least = Holds(seeds.Select(seed => Bounded(seed, new BoundedGuard(0.001, 1))));
        output.WriteLine($"{kept.Oversold} units oversold with a reserve for a minute, {least.Oversold} with one unit at most");
        kept.Orders.ShouldBeGreaterThan(10 * seeds.Count);
        least.Oversold.ShouldBeGreaterThan(kept.Oversold * 2, "or the reserve would be worth nothing");
    }

    /// <summary>Where nothing happens to the workers, for that would happen to all: same clock, same workers, and the same ids of everything.</summary>
    [Fact]
    public void I6_Beside_another_tenant_a_world_goes_exactly_as_it_does_alone()
    {
        static WorldSettings Untroubled(int seed, int tenant) => WorldSettings.Alone(seed) is var drawn
            ? drawn with { Tenant = tenant, Faults = drawn.Faults with { Crash = 0, StandsStill = 0, BeatLost = 0 } }
            : drawn;

        foreach (var seed in Seeds.Worlds(Few / 4))
        {
            WorldSettings[] settings = [Untroubled(seed, 1), Untroubled(seed + 1, 2)];
            var together = new ProtocolWorld(settings[0] with { Neighbours = [settings[1]] });
            together.Run().Violation.ShouldBeNull($"SYNCFLOW_SEED={seed}");
            foreach (var (beside, drawn) in together.Tenants.Zip(settings))
            {
                var alone = new ProtocolWorld(drawn);
                alone.Run();
                beside.Report().ShouldBe(alone.Tenants[0].Report());
                beside.Store.Entries.SequenceEqual(alone.Tenants[0].Store.Entries).ShouldBeTrue($"SYNCFLOW_SEED={seed}: the ledger of tenant {drawn.Tenant}");
            }
        }
    }

    [Theory]
    [InlineData(nameof(Mistake.SendByNumber))]
    [InlineData(nameof(Mistake.DeliverByNumber))]
    [InlineData(nameof(Mistake.CommitByNumber))]
    public void I6_What_a_worker_does_to_another_tenant_is_seen_as_it_happens(string name)
    {
        var mistake = Enum.Parse<Mistake>(name);
        var seeds = Seeds.Worlds(OfAMistake / 2);
        var broken = Worlds.Run(seeds.Select(seed => WorldSettings.Provoke(seed, mistake)));
        output.WriteLine($"{broken.Violations.Count()} of {broken.Worlds.Count} worlds broke with {mistake}; first: {broken.Violations.FirstOrDefault()?.Violation}");
        broken.Worlds.ShouldAllBe(w => w.Violation != null && w.Violation.StartsWith("tenant 1 of 2 at ") && w.Violation.EndsWith("not its own"));
        Holds(seeds.Select(seed => WorldSettings.Provoke(seed, mistake) with { Mistake = Mistake.None }));
    }

    [Fact]
    public void The_usual_way_oversells_where_guard_does_not()
    {
        var lines = OversellReport.Run(Seeds.Worlds(Few)).ToDictionary(l => l.Keeper, l => l.Report);
        foreach (var (keeper, report) in lines)
        {
            output.WriteLine($"{keeper}: {report.Oversold} units oversold, {report.OversoldPerThousandOrders:F1} per 1,000 orders ({report.Orders} orders)");
        }

        var drawn = OversellReport.Drawn(Seeds.Worlds(Few)).ToDictionary(l => l.Keeper, l => l.Report);
        TestSummary.Add($"Simulation: units oversold per 1,000 orders, guard beside the usual way: {lines["guard"].OversoldPerThousandOrders:F0} beside "
            + $"{lines[OversellReport.UsualWay].OversoldPerThousandOrders:F0} on an ordinary bad day, {drawn["guard"].OversoldPerThousandOrders:F0} beside "
            + $"{drawn[OversellReport.UsualWay].OversoldPerThousandOrders:F0} in the drawn worlds");
        lines.Concat(drawn).Where(l => l.Key != OversellReport.UsualWay).SelectMany(l => l.Value.Violations).ShouldBeEmpty();
        drawn["guard"].Oversold.ShouldBe(0);
        drawn[OversellReport.UsualWay].OversoldPerThousandOrders.ShouldBeGreaterThan(100);

        lines["guard"].Oversold.ShouldBe(0);
        lines[OversellReport.UsualWay].OversoldPerThousandOrders.ShouldBeGreaterThan(20);
        lines["shared"].OversoldPerThousandOrders.ShouldBeGreaterThan(lines["adaptive"].OversoldPerThousandOrders);
    }

    private SimulationReport Holds(IEnumerable<WorldSettings> worlds, bool inSummary = false)
    {
        var report = Worlds.Run(worlds);
        var line = $"{report.Worlds.Count} seeds, {report.Violations.Count()} violations, {report.Orders} orders, "
            + $"{report.Worlds.Sum(w => (long)w.Events)} events, {report.SeedsPerSecond:F0} seeds/s, {report.Worlds.Count / report.SeedsPerSecond:F0} s";
        output.WriteLine(line);
        if (inSummary)
        {
            TestSummary.Add($"Simulation: {line}");
        }

        report.Violations.Select(w => $"SYNCFLOW_SEED={w.Seed}: {w.Violation}").ShouldBeEmpty();
        return report;
    }
}
