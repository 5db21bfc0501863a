using System.Text.Json;
using Shouldly;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Channels;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Upkeep;
using Xunit;

namespace SyncFlow.Tests.Compliance;

/// <summary>
/// Thirty days of orders, edits, shipments, refunds, movements, receipts, damage, counts as of earlier moments and counts
/// taken back, some told twice and some late: told again they change nothing, told to another database in other batches
/// they give the same totals, and the ledger alone gives them too.
/// </summary>
public sealed class ThirtyDaysTests(PostgresFixture postgres)
{
    private const int Days = 30;
    private const int FactsADay = 40;
    private const int Scopes = 4;

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thirty_days_of_history_told_again_give_identical_totals()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: RandomFacts.Items * Scopes, onHand: 50);
        var store = Stores.Postgres(merchant);
        var history = History(new Random(30), store);
        history[^1].At.ShouldBeGreaterThan(Start.AddDays(Days - 1));

        history = await TellAsync(store, history, new Random(1));
        history.Count.ShouldBeGreaterThan(Days * FactsADay * 9 / 10, "little of it was refused: more thrown away than lay there");
        var (totals, entries) = (await TotalsAsync(store), (await store.EntriesAsync()).Count);
        entries.ShouldBeGreaterThan(history.Count / 2, "most of it moved stock");
        await AgreesWithLedgerAsync(merchant, entries);

        await TellAsync(store, history, new Random(2));
        (await TotalsAsync(store)).ShouldBe(totals, "what is told again changes nothing");
        (await store.EntriesAsync()).Count.ShouldBe(entries);

        await using var elsewhere = await TestDatabase.CreateAsync(postgres);
        var same = await Merchant.CreateAsync(elsewhere, connections: 2, skus: RandomFacts.Items * Scopes, onHand: 50);
        same.Skus.ShouldBe(merchant.Skus, "the history names them");
        var other = Stores.Postgres(same);
        await TellAsync(other, history, new Random(3), twice: true);
        (await TotalsAsync(other)).ShouldBe(totals, "however it is cut into batches, and each batch told twice");
        await AgreesWithLedgerAsync(same, (await other.EntriesAsync()).Count);
    }

    /// <summary>What moves stock, through the days; what channels say of their levels moves none.</summary>
    private static List<(DateTimeOffset At, Fact Fact)> History(Random random, StoreUnderTest store)
    {
        var facts = Enumerable.Range(0, Scopes).Select(n => new RandomFacts(random, $"d{n}", n * RandomFacts.Items, store)).ToList();
        var history = new List<(DateTimeOffset, Fact)>();
        for (var day = 0; day < Days; day++)
        {
            for (var told = 0; told < FactsADay;)
            {
                var at = Start.AddDays(day).AddMinutes(told * 24 * 60.0 / FactsADay);
                var fact = facts[random.Next(Scopes)].Next(at, sku => store.SkuAsync(sku).GetAwaiter().GetResult());
                if (fact is OrderFact or StockMovement or StockOperation or CountTaken or CountWithdrawn)
                {
                    history.Add((at, fact));
                    told++;
                }
            }
        }

        return history;
    }

    /// <returns>What was not refused: that is the history.</returns>
    private static async Task<List<(DateTimeOffset At, Fact Fact)>> TellAsync(StoreUnderTest store, List<(DateTimeOffset At, Fact Fact)> history, Random random, bool twice = false)
    {
        var taken = new List<(DateTimeOffset, Fact)>();
        for (var next = 0; next < history.Count;)
        {
            var batch = history.Skip(next).Take(1 + random.Next(50)).ToList();
            next += batch.Count;
            taken.AddRange(await ApplyAsync(store, batch));
            if (twice)
            {
                await ApplyAsync(store, batch);
            }
        }

        return taken;
    }

    private static async Task<List<(DateTimeOffset At, Fact Fact)>> ApplyAsync(StoreUnderTest store, List<(DateTimeOffset At, Fact Fact)> told)
    {
        var taken = new List<(DateTimeOffset, Fact)>();
        await using var batch = await store.BeginAsync(FactRefs.Of([.. told.Select(t => t.Fact)]));
        foreach (var (at, fact) in told)
        {
            if (FactEngine.Apply(batch.Set, fact, at) != FactOutcome.Refused)
            {
                taken.Add((at, fact));
            }
        }

        Replanner.Replan(batch.Set, told[^1].At);
        await batch.CommitAsync("facts", told[^1].At);
        return taken;
    }

    private static async Task<string> TotalsAsync(StoreUnderTest store)
    {
        var totals = new List<string>();
        foreach (var sku in store.Skus)
        {
            var state = await store.SkuAsync(sku);
            totals.Add($"{sku.Value}: {string.Join(' ', state.Pools.OrderBy(p => p.Location.Value).Select(p => JsonSerializer.Serialize(p.Buckets)))}");
        }

        return string.Join('\n', totals);
    }

    private static async Task AgreesWithLedgerAsync(Merchant merchant, int entries)
    {
        var replay = new LedgerReplay(
            new ChannelStore(merchant.Database.Worker, TimeProvider.System), merchant.Database.Worker, TimeProvider.System);
        var found = await replay.CompareAsync(merchant.Tenant, null, null, Ct);
        (found.Skus, found.Entries, found.Differing).ShouldBe((RandomFacts.Items * Scopes, entries, 0));
    }
}
